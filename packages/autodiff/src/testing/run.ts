import ort from 'onnxruntime-node';
import type { DataTypeName, Shape } from '../index.ts';

export type Values = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;
export type Feeds = Record<string, ort.Tensor>;

/** A tensor of the runtime; the array's class decides the type. */
export function tensor(values: Values, dims: readonly number[]): ort.Tensor {
  if (values instanceof Float64Array) return new ort.Tensor('float64', values, dims);
  if (values instanceof BigInt64Array) return new ort.Tensor('int64', values, dims);
  if (values instanceof Int32Array) return new ort.Tensor('int32', values, dims);
  if (values instanceof Uint8Array) return new ort.Tensor('bool', values, dims);
  return new ort.Tensor('float32', values, dims);
}

/** A session with one thread, silent, of a model's bytes or of its path. */
export function session(model: Uint8Array | string): Promise<ort.InferenceSession> {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 } as const;
  return typeof model === 'string'
    ? ort.InferenceSession.create(model, options)
    : ort.InferenceSession.create(model, options);
}

/** Zeros for a carried tensor. */
export function initialTensor(spec: { initial: Values; shape: Shape; dtype: DataTypeName }): ort.Tensor {
  return tensor(spec.initial, spec.shape as number[]);
}
