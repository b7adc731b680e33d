/** Element types of tensors, by their names in the Open Inference Protocol. */
export type TensorType = 'FP32' | 'FP64' | 'INT32' | 'INT64';

/** Bytes of one element. */
export const ELEMENT_BYTES: Readonly<Record<TensorType, number>> = { FP32: 4, FP64: 8, INT32: 4, INT64: 8 };

/** What a model takes or gives. */
export interface TensorInfo {
  name: string;
  datatype: TensorType;
  /** -1: any length. The first dimension is that of the samples. */
  shape: readonly number[];
}

/** A tensor: its elements in row-major order, the lowest byte of each first. */
export interface NamedTensor extends TensorInfo {
  data: Uint8Array;
}

/** The inputs and outputs of a model of tensors. */
export interface TensorSignature {
  inputs: readonly TensorInfo[];
  outputs: readonly TensorInfo[];
}

/** Tensors for a model, one for each of its inputs. */
export interface TensorRequest {
  inputs: readonly NamedTensor[];
  /** As of an `AgentRequest`. */
  caller: string;
}

/** What an agent reports while its model computes tensors. The last event is `completed`. */
export type TensorEvent =
  | { type: 'tensors'; outputs: readonly NamedTensor[] }
  | { type: 'completed'; usage: { inputTokens: null; outputTokens: null } };
