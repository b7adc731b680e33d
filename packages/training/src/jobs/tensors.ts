import type { ParameterSpec, Shape, StateSpec } from '@chorus/autodiff';
import { Tensor } from 'onnxruntime-node';
import type { GraphPorts } from './graph-ports.ts';
import type { TrainingState } from './messages.ts';

/** Samples of one evaluation run; large enough to fill matrix multiplications, small enough for any model. */
const EVALUATE_BATCH = 256;

/** Logits of one evaluation run, if the samples have many: 32 MiB, of which the runtime holds several copies. */
const EVALUATE_LOGITS = 2 ** 23;

/** Samples of one evaluation run of a graph. */
export function evaluateBatch(graph: GraphPorts): number {
  const perSample = (graph.outputs.model[0]?.shape?.slice(1) ?? []).reduce<number>(
    (product, dim) => (typeof dim === 'number' ? product * dim : product),
    1,
  );
  return Math.max(1, Math.min(EVALUATE_BATCH, Math.floor(EVALUATE_LOGITS / perSample)));
}

/** Inputs of a run by name. */
export type Feeds = Record<string, Tensor>;

/** The parameter vector as one tensor per parameter; shares memory with the vector if types agree. */
export function parameterFeeds(graph: GraphPorts, vector: Float32Array): Feeds {
  return Object.fromEntries(
    graph.parameters.map((parameter) => [parameter.name, parameterTensor(parameter, vector)]),
  );
}

function parameterTensor({ dtype, shape, offset, size }: ParameterSpec, vector: Float32Array): Tensor {
  const values = vector.subarray(offset, offset + size);
  return dtype === 'float64'
    ? new Tensor('float64', Float64Array.from(values), shape)
    : new Tensor('float32', values, shape);
}

/** Copy parameter tensors back into a vector. */
export function readParameters(graph: GraphPorts, tensors: Feeds, vector: Float32Array): void {
  for (const { name, offset } of graph.parameters) {
    vector.set(tensors[name]!.data as Float32Array | Float64Array, offset);
  }
}

/** The optimiser's and the model's state: the given one, or that before the first step. */
export function stateFeeds(state: readonly StateSpec[], given: TrainingState = {}): Feeds {
  return Object.fromEntries(
    state.map(({ name, dtype, shape, initial }) => [
      name,
      new Tensor(dtype, (given[name] ?? initial).slice(), shape),
    ]),
  );
}

/** State tensors as values that outlive the session. */
export function readState(state: readonly StateSpec[], tensors: Feeds): TrainingState {
  return Object.fromEntries(
    state.map(({ name }) => [name, (tensors[name]!.data as TrainingState[string]).slice()]),
  );
}

/** The model's own view of one sample of `width` values, if it states one: a flat model takes images flat. */
export function sampleShape(shape: Shape | undefined, width: number): number[] {
  const dims = shape?.slice(1);
  if (!dims) return [width];
  const known = dims.reduce<number>((product, dim) => (typeof dim === 'number' ? product * dim : product), 1);
  return dims.map((dim) => (typeof dim === 'number' ? dim : width / known));
}

/** `count` samples as the model's data input. */
export function dataTensor(
  graph: GraphPorts,
  inputs: Float32Array,
  count: number,
  sampleShape: readonly number[],
): Tensor {
  const { dtype } = graph.dataInputs[0]!;
  const shape = [count, ...sampleShape];
  switch (dtype) {
    case 'int64':
      return new Tensor(
        'int64',
        BigInt64Array.from(inputs, (x) => BigInt(Math.trunc(x))),
        shape,
      );
    case 'int32':
      return new Tensor('int32', Int32Array.from(inputs), shape);
    case 'float64':
      return new Tensor('float64', Float64Array.from(inputs), shape);
    default:
      return new Tensor('float32', inputs, shape);
  }
}

/**
 * Labels as the loss takes them: int64 classes, or rows of zeros and a one.
 * @param perSample labels of one sample: more than one for a sequence
 */
export function labelTensor(graph: GraphPorts, labels: Int32Array, perSample = 1): Tensor {
  const { dtype, shape } = graph.labelInput!;
  if (dtype === 'int64') {
    const dims =
      perSample === 1 && shape?.length !== 2 ? [labels.length] : [labels.length / perSample, perSample];
    return new Tensor('int64', BigInt64Array.from(labels, BigInt), dims);
  }
  const width = Number(shape?.[1] ?? 1);
  const rows = new Float32Array(labels.length * width);
  labels.forEach((label, i) => {
    if (width === 1) rows[i] = label;
    else rows[i * width + label] = 1;
  });
  const dims = [labels.length, width];
  return dtype === 'float64'
    ? new Tensor('float64', Float64Array.from(rows), dims)
    : new Tensor('float32', rows, dims);
}
