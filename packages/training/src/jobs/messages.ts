import { ChorusError, type ErrorCode, type Facts } from '@chorus/protocol';
import type { Dataset } from '../data/dataset.ts';
import type { SampleFile } from '../data/sample-file.ts';
import type { LabelledTokens } from '../data/token-windows.ts';
import type { Device } from '../device/devices.ts';
import type { PrivacySettings } from '../privacy/accountant.ts';
import type { ProcessLimits } from './limits.ts';

/**
 * The loss that training minimises. `mse` and `bce-with-logits` compare the outputs with the label's class as a
 * vector of zeros and a one (with the label itself if the model has one output). Tasks use cross-entropy.
 */
export interface Loss {
  kind: 'softmax-cross-entropy' | 'mse' | 'bce-with-logits';
}

/** The optimiser. State (momentum, moments) begins at zero unless given. Tasks use `sgd`. */
export type Optimizer =
  | {
      kind: 'sgd';
      /** 0 <= momentum < 1 */
      momentum: number;
      /** L2 coefficient added to the gradient. */
      weightDecay: number;
    }
  | {
      kind: 'adam' | 'adamw';
      /** L2 coefficient (adam), or decay apart from the gradient (adamw). */
      weightDecay: number;
    };

/**
 * Low-rank adapters that are trained instead of the model's own parameters, which stay as they are
 * (Hu et al. 2021, arXiv:2106.09685).
 */
export interface AdapterOptions {
  /** Rank of both factors. */
  rank: number;
  /** An adapter counts alpha / rank times. */
  alpha: number;
  /** Adapted weights: those whose name, divided at its dots, has one of these parts, such as `q_proj`. */
  targets: readonly string[];
  /** Seed of the random factor; the other one begins at zero. */
  seed: number;
}

/** Settings that determine the training graph of a model. */
export interface GraphOptions {
  loss: Loss;
  optimizer: Optimizer;
  /** Adapters to train. A language model of a GGUF file needs them. */
  adapter?: AdapterOptions;
  /** Positions of one sequence; needed for a language model of a GGUF file. */
  context?: number;
  /** Names of the trained parameters; default: all. */
  trainable?: readonly string[];
  /** Parameters whose names match stay unchanged. */
  freeze?: RegExp;
  /**
   * `running` (default): with stored statistics, which are no parameters and would drift apart between nodes.
   * `batch`: with the batch's, the stored ones following; they are part of the {@link TrainingState}.
   */
  batchNormalization?: 'batch' | 'running';
  /** Most trainable parameters; default: the most that a task can commit to. */
  maxDimension?: number;
  /**
   * Differential privacy for single samples (DP-SGD): batches are Poisson samples of the expected size, each sample's
   * gradient is clipped, and noise is added to every step. Neither samples nor noise follow from a seed. Needs `sgd`.
   */
  privacy?: PrivacySettings;
}

/** Training state other than parameters, by name: momentum, moments, running statistics, step numbers. */
export type TrainingState = Record<string, Float32Array | Float64Array | BigInt64Array>;

/** One trainable tensor and its place in the parameter vector. */
export interface ParameterInfo {
  readonly name: string;
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** Elements before it in the parameter vector. */
  readonly offset: number;
}

/**
 * Marks a foreign model, and states the data to train it on. It is opened only if all its operators are of the
 * standard domain and known here, none runs a subgraph, and every tensor of a training step on such a batch, and of
 * an evaluation, is bounded before the runtime sees the model.
 */
export interface Foreign {
  /** Shape of one sample. */
  inputShape: readonly number[];
  /** Samples of one step. */
  batchSize: number;
  /**
   * Number of classes; if set, the model is refused unless its graph and parameters are like those of `buildModel`:
   * other models can be built so that an update carries samples.
   */
  knownWith?: { classes: number };
}

/** Given to the thread that computes when it starts. */
export interface WorkerSetup extends GraphOptions {
  model: Uint8Array;
  threads: number;
  device: Exclude<Device, 'auto'>;
  foreign: Foreign | undefined;
  /** Most that tensors of a foreign model may take, bytes. */
  tensorBytes: number | undefined;
  /** Folder for the weights of a large model, which does not exist yet; the parent removes it when the process ends. */
  scratch: string;
}

/** Given to the process. */
export interface HostSetup extends WorkerSetup {
  limits: ProcessLimits;
}

/** The first message of the thread that computes. */
export interface Opened {
  parameters: ParameterInfo[];
  initial: Float32Array;
  initialState: TrainingState;
  /** The part of the state that belongs to the model: running statistics. */
  modelState: string[];
  /** Dimensions of one sample; null if the model leaves them open. */
  sampleShape: (number | null)[] | null;
  /** Number of logits; null if the model leaves it open. */
  classes: number | null;
  /** One class of each sample, or the next token at each position. */
  predicts: Dataset['kind'];
  /** Samples of one evaluation run. */
  evaluateBatch: number;
}

interface Job {
  id: number;
  parameters: Float32Array;
  state: TrainingState | undefined;
  /** Key under which the data set was sent. */
  data: number;
}

export interface TrainJob extends Job {
  kind: 'train';
  epochs: number;
  firstEpoch: number;
  batchSize: number;
  learningRate: number;
  seed: number;
}

export interface EvaluateJob extends Job {
  kind: 'evaluate';
}

/** Divide a text into the tokens of the model. */
export interface TokeniseJob {
  kind: 'tokenise';
  id: number;
  /** UTF-8. */
  text: Uint8Array;
  /** The text is conversations, one a line. */
  isChats: boolean;
}

/** A data set on its way to the process: its values, or the file they are in. */
export interface SentData {
  /** Values of one sample. */
  width: number;
  /** Labels of one sample. */
  perSample: number;
  labels: Int32Array;
  inputs?: Float32Array | undefined;
  file?: SampleFile | undefined;
  /** The place of each sample in the file; absent if they lie in their order. */
  rows?: Int32Array | undefined;
}

interface Data extends SentData {
  kind: 'data';
  key: number;
}

interface Forget {
  kind: 'forget';
  key: number;
}

/** Messages of a trainer to the process of its model. */
export type ToHost =
  | { kind: 'setup'; setup: HostSetup }
  | Data
  | Forget
  | TrainJob
  | EvaluateJob
  | TokeniseJob
  | { kind: 'stop'; id: number }
  | { kind: 'usage' };

/** Set to 1 to stop: the thread is deaf to messages while onnxruntime runs. */
export type Stoppable<Job> = Job & { stop: Int32Array<SharedArrayBuffer> };

/** Messages that the process forwards to the computing thread. */
export type ToWorker = Data | Forget | Stoppable<TrainJob> | Stoppable<EvaluateJob> | Stoppable<TokeniseJob>;

export interface TrainResult {
  /** Trained minus given parameters, d float32. */
  delta: Float32Array;
  /** Loss of every step. */
  losses: number[];
  /** State after the last step. */
  state: TrainingState;
  /** Wall-clock time of the training itself. */
  seconds: number;
}

export interface EvaluateResult {
  /** Mean over all labels. */
  loss: number;
  /** Share of labels that have the largest logit. */
  accuracy: number;
  /** Number of samples. */
  count: number;
}

/** Reports of the process about itself: its memory, and the limit it passed before it ended. */
export type FromHost =
  | FromWorker
  | { kind: 'usage'; peakBytes: number }
  | { kind: 'passed'; what: 'memory' | 'cpu' | 'time'; value: number; limit: number };

export type FromWorker =
  | { kind: 'opened'; opened: Opened }
  | { kind: 'progress'; id: number; fraction: number; loss: number }
  | { kind: 'done'; id: number; result: TrainResult | EvaluateResult | LabelledTokens }
  | { kind: 'failed'; id: number; error: CarriedError }
  | { kind: 'unusable'; error: CarriedError };

/** Longest error text that is transferred: messages of the runtime may quote a model. */
const MAX_TEXT = 2_000;

/** An error on its way between processes: structured clone keeps neither class nor code. */
export interface CarriedError {
  code: ErrorCode | undefined;
  message: string;
  facts: Facts;
  hint: string | undefined;
  cause: string | undefined;
}

export function packError(error: unknown): CarriedError {
  if (!(error instanceof Error)) {
    return {
      code: undefined,
      message: String(error).slice(0, MAX_TEXT),
      facts: {},
      hint: undefined,
      cause: undefined,
    };
  }
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  const own = error instanceof ChorusError ? error : undefined;
  return {
    code: own?.code,
    message: error.message.slice(0, MAX_TEXT),
    facts: own?.facts ?? {},
    hint: own?.hint,
    cause: cause?.slice(0, MAX_TEXT),
  };
}

export function unpackError({ code, message, facts, hint, cause }: CarriedError): ChorusError {
  return new ChorusError(code ?? 'E_TRAINING_FAILED', message, {
    facts,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause: new Error(cause) }),
  });
}
