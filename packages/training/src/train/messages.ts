import { ChorusError, type Facts } from '@chorus/protocol';
import type { Device } from '../device/devices.ts';

/** What local training minimises; as in a task's terms. */
export interface Loss {
  kind: 'softmax-cross-entropy';
}

/** How local training moves; as in a task's terms. State (momentum) begins at zero in every round. */
export interface Optimizer {
  kind: 'sgd';
  /** 0 <= momentum < 1 */
  momentum: number;
  /** L2 coefficient added to the gradient. */
  weightDecay: number;
}

/** One trainable tensor and its place in the parameter vector. */
export interface ParameterInfo {
  readonly name: string;
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** Elements before it in the parameter vector. */
  readonly offset: number;
}

/** Given to the worker when it starts. */
export interface WorkerSetup {
  model: Uint8Array;
  loss: Loss;
  optimizer: Optimizer;
  threads: number;
  device: Exclude<Device, 'auto'>;
}

/** The worker's first message. */
export interface Opened {
  parameters: ParameterInfo[];
  initial: Float32Array;
  /** Dimensions of one sample; null where the model leaves them open. */
  sampleShape: (number | null)[] | null;
  /** Number of logits, null where the model leaves it open. */
  classes: number | null;
}

interface Job {
  id: number;
  parameters: Float32Array;
  /** Which data set, by the key it was sent under. */
  data: number;
  /** Set to 1 to stop: the worker is deaf to messages while onnxruntime runs. */
  stop: Int32Array<SharedArrayBuffer>;
}

export interface TrainJob extends Job {
  kind: 'train';
  epochs: number;
  batchSize: number;
  learningRate: number;
  seed: number;
}

export interface EvaluateJob extends Job {
  kind: 'evaluate';
}

export type ToWorker =
  | { kind: 'data'; key: number; inputs: Float32Array; labels: Int32Array }
  | { kind: 'forget'; key: number }
  | TrainJob
  | EvaluateJob
  | { kind: 'close' };

export interface TrainResult {
  /** Trained minus given parameters, d float32. */
  delta: Float32Array;
  /** Loss of every step. */
  losses: number[];
  /** Wall-clock time of the training itself. */
  seconds: number;
}

export interface EvaluateResult {
  /** Mean over all samples. */
  loss: number;
  /** Share of samples whose largest logit is the label's. */
  accuracy: number;
  count: number;
}

export type FromWorker =
  | { kind: 'opened'; opened: Opened }
  | { kind: 'progress'; id: number; fraction: number; loss: number }
  | { kind: 'done'; id: number; result: TrainResult | EvaluateResult }
  | { kind: 'failed'; id: number; error: CarriedError }
  | { kind: 'unusable'; error: CarriedError };

/** An error on its way between threads: structured clone keeps neither class nor code. */
export interface CarriedError {
  code: string | undefined;
  message: string;
  facts: Facts;
  hint: string | undefined;
  cause: string | undefined;
}

export function packError(error: unknown): CarriedError {
  if (!(error instanceof Error)) {
    return { code: undefined, message: String(error), facts: {}, hint: undefined, cause: undefined };
  }
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  const own = error instanceof ChorusError ? error : undefined;
  return { code: own?.code, message: error.message, facts: own?.facts ?? {}, hint: own?.hint, cause };
}

export function unpackError({ code, message, facts, hint, cause }: CarriedError): ChorusError {
  return new ChorusError(code ?? 'E_TRAINING_FAILED', message, {
    facts,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause: new Error(cause) }),
  });
}
