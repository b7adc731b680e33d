import { ChorusError, MAX_MODEL_BYTES } from '@chorus/protocol';
import { type Dataset, labelsPerSample, valuesOf } from '../data/dataset.ts';
import type { LabelledTokens } from '../data/token-windows.ts';
import { chooseDevice, type Device } from '../device/devices.ts';
import type { ProcessLimits } from '../jobs/limits.ts';
import {
  type EvaluateJob,
  type EvaluateResult,
  type Foreign,
  type FromWorker,
  type GraphOptions,
  type HostSetup,
  type Opened,
  type ParameterInfo,
  type TokeniseJob,
  type TrainingState,
  type TrainJob,
  type TrainResult,
  unpackError,
} from '../jobs/messages.ts';
import { ModelProcess } from '../process/model-process.ts';
import { checkFit } from './fit.ts';

export interface TrainerOptions extends GraphOptions {
  /** An ONNX classifier: one data input [N, ...], first output logits [N, classes]. */
  model: Uint8Array;
  /** Threads of one operator; 1 by default, which is fastest for small models and bit-reproducible. */
  threads?: number;
  device?: Device;
  /** Limits of the model's process; no limits by default, for the user's own models. */
  limits?: ProcessLimits;
  /** Set for a foreign model. */
  foreign?: Foreign;
  signal?: AbortSignal;
}

export interface TrainOptions {
  /** d float32: the initial parameters; not changed. */
  parameters: Float32Array;
  dataset: Dataset;
  epochs: number;
  /** Number of the first of these epochs; each is shuffled differently. Default: 0. */
  firstEpoch?: number;
  /** State of an earlier result to resume from; default: that before the first step. */
  state?: TrainingState;
  batchSize: number;
  learningRate: number;
  /** Seed of the shuffling: equal seeds give equal bits on one machine and thread count. */
  seed: number;
  signal?: AbortSignal;
  /** Finished share of the work, and the loss of the last step. */
  onProgress?: (fraction: number, loss: number) => void;
}

export interface EvaluateOptions {
  parameters: Float32Array;
  /** Running statistics, if training moves them. */
  state?: TrainingState;
  dataset: Dataset;
  signal?: AbortSignal;
}

export interface TokeniseOptions {
  /** The text is conversations, as `textOf` gives those of a data set. */
  isChats?: boolean;
  signal?: AbortSignal;
}

/**
 * A model that trains and is evaluated in a process of its own. Jobs run one after the other. A process that crashes is
 * started again with the next job, {@link MAX_CRASHES} times in a row at most; one that passed a limit is not.
 */
export interface Trainer {
  /** Trainable tensors in the order of the parameter vector. */
  readonly parameters: readonly ParameterInfo[];
  /** d: the length of the parameter vector. */
  readonly dimension: number;
  /** The parameters in the model file. */
  readonly initial: Float32Array;
  /** The state before the first step. */
  readonly initialState: TrainingState;
  /** Names of the state that belongs to the model: running statistics. */
  readonly modelState: readonly string[];
  /** Samples of one evaluation run. */
  readonly evaluateBatch: number;
  /** The device on which it computes. */
  readonly device: Exclude<Device, 'auto'>;
  /**
   * Train on local data.
   * @throws ChorusError `E_DATA_SHAPE`, `E_DATA_LABEL`, `E_DATA_EMPTY` if data and model do not fit (before
   * any training), `E_TRAINING_DIVERGED` if the loss is not finite, `E_TRAINER_CLOSED`, `E_MODEL_MEMORY` and
   * `E_MODEL_TIME` if the process passed a limit, `E_MODEL_CRASHED`; the signal's reason when aborted
   * @throws {RangeError} on impossible settings
   */
  train(options: TrainOptions): Promise<TrainResult>;
  /** Loss and accuracy on a data set; errors as in {@link train}. */
  evaluate(options: EvaluateOptions): Promise<EvaluateResult>;
  /**
   * The tokens of a text (UTF-8), if the model is a language model of a GGUF file, and what is to be predicted after each:
   * the next token, or of conversations (one JSON document a line) only the answers.
   * @throws ChorusError `E_MODEL_UNSUPPORTED` if it is not; `E_TRAINER_CLOSED`, `E_MODEL_MEMORY`, `E_MODEL_TIME`,
   * `E_MODEL_CRASHED`; the signal's reason when aborted
   */
  tokenise(text: Uint8Array, options?: TokeniseOptions): Promise<LabelledTokens>;
  /** Why it stopped computing: it passed a limit, or crashed too often. Null while it works. */
  readonly fault: ChorusError | null;
  /** The most memory the model's process has held, bytes. */
  peakBytes(): Promise<number>;
  /** End the process during any work. Safe to call again. */
  close(): Promise<void>;
}

/** Data sets a process keeps; the least recently used goes first. A node has its shard and a test set. */
const KEPT_DATASETS = 4;

/** A process that crashed this number of times without finishing a job is not started again. */
const MAX_CRASHES = 3;

/** An aborted job stops between two calls of the runtime; after this time its process is ended. */
const DEAF_MILLISECONDS = 2_000;

/**
 * Open a model for training.
 * @throws ChorusError `E_MODEL_CORRUPT`, `E_MODEL_UNSUPPORTED`, `E_DEVICE` if the device cannot be used; of a foreign
 * model `E_MODEL_FORBIDDEN`, `E_MODEL_UNBOUNDED`; `E_MODEL_MEMORY`, `E_MODEL_TIME`, `E_MODEL_CRASHED`
 * @throws {RangeError} on an impossible thread count
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { model, threads = 1, device = 'cpu', limits = {}, foreign, signal, ...graph } = options;
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= 256))
    throw new RangeError(`${threads} threads`);
  if (model.length === 0 || model.length > MAX_MODEL_BYTES) {
    throw new ChorusError('E_MODEL_CORRUPT', 'a model file of impossible size', {
      facts: { bytes: model.length },
    });
  }
  signal?.throwIfAborted();
  const chosen = await chooseDevice(device, model.length);
  const setup = {
    ...graph,
    model,
    threads,
    device: chosen,
    limits,
    foreign,
    tensorBytes: limits.memoryBytes,
  };
  const trainer = new ProcessTrainer(setup);
  const stop = () => void trainer.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await trainer.open();
    signal?.throwIfAborted();
    return trainer;
  } catch (error) {
    await trainer.close();
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

type WithoutId<Job> = Omit<Job, 'id'>;

interface Pending {
  resolve(result: never): void;
  reject(error: unknown): void;
  progress(fraction: number, loss: number): void;
}

/** One life of a model's process: ends with it. */
interface Life {
  process: ModelProcess;
  opening: PromiseWithResolvers<Opened>;
  pending: Map<number, Pending>;
  /** The data sets it holds, by their keys there. */
  sent: Map<Dataset, number>;
}

class ProcessTrainer implements Trainer {
  readonly device: Exclude<Device, 'auto'>;
  readonly #setup: Omit<HostSetup, 'scratch'>;
  #life: Life | undefined;
  #opened: Opened | undefined;
  #closing: Promise<void> | undefined;
  /** Why no process is started any more. */
  #failure: ChorusError | undefined;
  #crashes = 0;
  #next = 1;

  constructor(setup: Omit<HostSetup, 'scratch'>) {
    this.device = setup.device;
    this.#setup = setup;
  }

  get parameters(): readonly ParameterInfo[] {
    return this.#opened!.parameters;
  }

  get dimension(): number {
    return this.#opened!.initial.length;
  }

  get initial(): Float32Array {
    return this.#opened!.initial.slice();
  }

  get initialState(): TrainingState {
    return structuredClone(this.#opened!.initialState);
  }

  get modelState(): readonly string[] {
    return this.#opened!.modelState;
  }

  get evaluateBatch(): number {
    return this.#opened!.evaluateBatch;
  }

  get fault(): ChorusError | null {
    return this.#failure ?? null;
  }

  async open(): Promise<void> {
    this.#opened = await this.#begin().opening.promise;
  }

  async train(options: TrainOptions): Promise<TrainResult> {
    const { dataset, epochs, firstEpoch = 0, batchSize, learningRate, seed } = options;
    const { onProgress = () => {} } = options;
    for (const [name, value] of Object.entries({ epochs, batchSize })) {
      if (!(Number.isSafeInteger(value) && value > 0)) throw new RangeError(`${name} is ${value}`);
    }
    if (!(learningRate > 0 && Number.isFinite(learningRate)))
      throw new RangeError(`learningRate is ${learningRate}`);
    if (!(Number.isSafeInteger(firstEpoch) && firstEpoch >= 0)) throw new RangeError(`epoch ${firstEpoch}`);
    if (!Number.isSafeInteger(seed)) throw new RangeError(`seed is ${seed}`);
    const settings = {
      kind: 'train',
      epochs,
      firstEpoch,
      batchSize: Math.min(batchSize, dataset.count),
      learningRate,
      seed,
    } as const;
    return this.#run<TrainResult>(options, settings, onProgress);
  }

  async evaluate(options: EvaluateOptions): Promise<EvaluateResult> {
    return this.#run<EvaluateResult>(options, { kind: 'evaluate' }, () => {});
  }

  async tokenise(
    text: Uint8Array,
    { isChats = false, signal }: TokeniseOptions = {},
  ): Promise<LabelledTokens> {
    const life = this.#ready(signal);
    return this.#do(life, { kind: 'tokenise', text, isChats }, { signal, progress: () => {} });
  }

  async peakBytes(): Promise<number> {
    return (await this.#life?.process.peakBytes()) ?? 0;
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    const life = this.#life;
    // No caller needs the result of the process any more, and it has no other job.
    life?.process.kill();
    await life?.process.exited;
  }

  /** Starts a process for the model. */
  #begin(): Life {
    const life: Life = {
      process: new ModelProcess(this.#setup, {
        message: (message) => this.#receive(life, message),
        ended: (fault) => this.#ended(life, fault),
      }),
      opening: Promise.withResolvers<Opened>(),
      pending: new Map(),
      sent: new Map(),
    };
    // The opener awaits it; a job of a restarted process does not need to.
    life.opening.promise.catch(() => {});
    this.#life = life;
    return life;
  }

  async #run<T>(
    { parameters, state, dataset, signal }: EvaluateOptions,
    job: { kind: 'evaluate' } | (Omit<TrainJob, keyof EvaluateJob | 'kind'> & { kind: 'train' }),
    progress: (fraction: number, loss: number) => void,
  ): Promise<T> {
    const life = this.#ready(signal);
    if (parameters.length !== this.dimension) {
      throw new ChorusError('E_MODEL_DIMENSION', 'the parameters belong to another model', {
        facts: { parameters: parameters.length, dimension: this.dimension },
      });
    }
    checkState(state, this.#opened!.initialState);
    checkFit(dataset, this.#opened!);
    const data = this.#send(life, dataset);
    // A copy: the caller's vector may change before it is sent.
    const message = { ...job, parameters: parameters.slice(), state, data };
    return this.#do(life, message, { signal, progress });
  }

  /** The process to send a job to. @throws ChorusError if it has ended for good */
  #ready(signal: AbortSignal | undefined): Life {
    if (this.#closing) throw closed();
    if (this.#failure) throw this.#failure;
    signal?.throwIfAborted();
    return this.#life ?? this.#begin();
  }

  #do<T>(
    life: Life,
    job: WithoutId<TrainJob> | WithoutId<EvaluateJob> | WithoutId<TokeniseJob>,
    {
      signal,
      progress,
    }: { signal: AbortSignal | undefined; progress: (fraction: number, loss: number) => void },
  ): Promise<T> {
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let deaf: NodeJS.Timeout | undefined;
    const onAbort = () => {
      void life.process.send({ kind: 'stop', id });
      deaf = setTimeout(() => life.process.kill(), DEAF_MILLISECONDS);
      reject(signal!.reason);
    };
    const settle = () => {
      clearTimeout(deaf);
      signal?.removeEventListener('abort', onAbort);
    };
    life.pending.set(id, {
      resolve: (result) => {
        settle();
        resolve(result);
      },
      reject: (error) => {
        settle();
        reject(error);
      },
      progress: (fraction, loss) => {
        if (!signal?.aborted) progress(fraction, loss);
      },
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    if (life.pending.size === 1) life.process.busy(true);
    void life.process.send({ ...job, id });
    return promise;
  }

  /** Send a data set unless the process has it; returns its key there. */
  #send({ process, sent }: Life, dataset: Dataset): number {
    const known = sent.get(dataset);
    if (known !== undefined) {
      sent.delete(dataset);
      sent.set(dataset, known); // most recently used last
      return known;
    }
    const oldest = sent.keys().next();
    if (sent.size >= KEPT_DATASETS && !oldest.done) {
      void process.send({ kind: 'forget', key: sent.get(oldest.value)! });
      sent.delete(oldest.value);
    }
    const key = this.#next++;
    sent.set(dataset, key);
    const { inputs, labels, inputShape } = dataset;
    const values = dataset.file ? { file: dataset.file, rows: dataset.rows } : { inputs };
    const perSample = labelsPerSample(dataset);
    void process.send({ kind: 'data', key, width: valuesOf(inputShape), perSample, labels, ...values });
    return key;
  }

  #receive(life: Life, message: FromWorker): void {
    if (message.kind === 'opened') {
      life.opening.resolve(message.opened);
      if (life.pending.size === 0) life.process.busy(false);
    } else if (message.kind === 'unusable') {
      this.#failure = unpackError(message.error);
      life.process.kill();
    } else {
      const pending = life.pending.get(message.id);
      if (pending) this.#answer(life, pending, message);
    }
  }

  #answer(life: Life, pending: Pending, message: Extract<FromWorker, { id: number }>): void {
    if (message.kind === 'progress') {
      pending.progress(message.fraction, message.loss);
      return;
    }
    life.pending.delete(message.id);
    if (life.pending.size === 0) life.process.busy(false);
    this.#crashes = 0;
    if (message.kind === 'done') pending.resolve(message.result as never);
    else pending.reject(unpackError(message.error));
  }

  #ended(life: Life, fault: ChorusError): void {
    if (this.#life === life) this.#life = undefined;
    const crashed = fault.code === 'E_MODEL_CRASHED';
    // A process that never opened cannot be restarted.
    if (!crashed || !this.#opened || ++this.#crashes >= MAX_CRASHES) this.#failure ??= fault;
    const error = this.#closing ? closed() : (this.#failure ?? fault);
    life.opening.reject(error);
    for (const pending of life.pending.values()) pending.reject(error);
    life.pending.clear();
  }
}

/** @throws ChorusError `E_MODEL_DIMENSION` if the state belongs to another model or optimiser */
function checkState(state: TrainingState | undefined, initial: TrainingState): void {
  for (const [name, values] of Object.entries(state ?? {})) {
    const own = initial[name];
    if (own?.constructor !== values.constructor || own.length !== values.length) {
      throw new ChorusError('E_MODEL_DIMENSION', 'the state belongs to another model or optimiser', {
        facts: { name, values: values.length, expected: own?.length ?? 0 },
      });
    }
  }
}

function closed(): ChorusError {
  return new ChorusError('E_TRAINER_CLOSED', 'the trainer has been closed');
}
