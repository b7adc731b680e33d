import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ChorusError, MAX_MODEL_BYTES } from '@chorus/protocol';
import type { Dataset } from '../data/dataset.ts';
import { chooseDevice, type Device } from '../device/devices.ts';
import { loadRuntime } from '../device/runtime.ts';
import { checkFit } from './fit.ts';
import {
  type EvaluateJob,
  type EvaluateResult,
  type FromWorker,
  type GraphOptions,
  type Opened,
  type ParameterInfo,
  type ToWorker,
  type TrainingState,
  type TrainJob,
  type TrainResult,
  unpackError,
  type WorkerSetup,
} from './messages.ts';

export interface TrainerOptions extends GraphOptions {
  /** An ONNX classifier: one data input [N, ...], first output logits [N, classes]. */
  model: Uint8Array;
  /** Threads of one operator; 1 by default, which is fastest for small models and bit-reproducible. */
  threads?: number;
  device?: Device;
  signal?: AbortSignal;
}

export interface TrainOptions {
  /** d float32: where training begins; not changed. */
  parameters: Float32Array;
  dataset: Dataset;
  epochs: number;
  /** Number of the first of these epochs; each is shuffled in its own way. 0 unless told. */
  firstEpoch?: number;
  /** State to go on from, of an earlier result; as before the first step unless given. */
  state?: TrainingState;
  batchSize: number;
  learningRate: number;
  /** Seed of the shuffling: equal seeds give equal bits on one machine and thread count. */
  seed: number;
  signal?: AbortSignal;
  /** Share of the work that is done, and the loss of the last step. */
  onProgress?: (fraction: number, loss: number) => void;
}

export interface EvaluateOptions {
  parameters: Float32Array;
  /** Running statistics, where training moves them. */
  state?: TrainingState;
  dataset: Dataset;
  signal?: AbortSignal;
}

/** A model that trains and is evaluated in a worker thread of its own. Jobs run one after the other. */
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
  /** Where it computes. */
  readonly device: Exclude<Device, 'auto'>;
  /**
   * Train on local data.
   * @throws ChorusError `E_DATA_SHAPE`, `E_DATA_LABEL`, `E_DATA_EMPTY` where data and model do not fit (before
   * any training), `E_TRAINING_DIVERGED` where the loss is not finite, `E_TRAINER_CLOSED`; the signal's reason
   * when aborted
   * @throws {RangeError} on impossible settings
   */
  train(options: TrainOptions): Promise<TrainResult>;
  /** Loss and accuracy on a data set; errors as in {@link train}. */
  evaluate(options: EvaluateOptions): Promise<EvaluateResult>;
  /** Stop what is running and free everything. Safe to call again. */
  close(): Promise<void>;
}

/** Data sets a worker keeps; the least recently used goes first. A node has its shard and a test set. */
const KEPT_DATASETS = 4;

/**
 * Open a model for training.
 * @throws ChorusError `E_MODEL_CORRUPT`, `E_MODEL_UNSUPPORTED`, `E_DEVICE` where the device cannot be used
 * @throws {RangeError} on an impossible thread count
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { model, threads = 1, device = 'cpu', signal, ...graph } = options;
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= 256))
    throw new RangeError(`${threads} threads`);
  if (model.length === 0 || model.length > MAX_MODEL_BYTES) {
    throw new ChorusError('E_MODEL_CORRUPT', 'a model file of impossible size', {
      facts: { bytes: model.length },
    });
  }
  signal?.throwIfAborted();
  await loadRuntime();
  const chosen = await chooseDevice(device, model.length);
  const setup: WorkerSetup = { ...graph, model, threads, device: chosen };
  const worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: setup,
  });
  const trainer = new WorkerTrainer(worker, chosen);
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

interface Pending {
  resolve(result: never): void;
  reject(error: unknown): void;
  progress(fraction: number, loss: number): void;
  signal: AbortSignal | undefined;
  stop: Int32Array<SharedArrayBuffer>;
}

class WorkerTrainer implements Trainer {
  readonly device: Exclude<Device, 'auto'>;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  readonly #sent = new Map<Dataset, number>();
  readonly #opening = Promise.withResolvers<Opened>();
  #opened: Opened | undefined;
  #closing: Promise<void> | undefined;
  #failure: ChorusError | undefined;
  #next = 1;

  constructor(worker: Worker, device: Exclude<Device, 'auto'>) {
    this.device = device;
    this.#worker = worker;
    worker.on('message', (message: FromWorker) => this.#receive(message));
    worker.on('error', (cause) => this.#fail(workerDied(cause)));
    this.#exited = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#fail(this.#closing ? closed() : workerDied(undefined));
        resolve();
      });
    });
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

  async open(): Promise<void> {
    this.#opened = await this.#opening.promise;
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

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    for (const pending of this.#pending.values()) Atomics.store(pending.stop, 0, 1);
    // The worker leaves by itself, because terminating a thread inside onnxruntime may crash the process.
    this.#post({ kind: 'close' });
    await this.#exited;
  }

  #run<T>(
    { parameters, state, dataset, signal }: EvaluateOptions,
    job: { kind: 'evaluate' } | (Omit<TrainJob, keyof EvaluateJob | 'kind'> & { kind: 'train' }),
    progress: (fraction: number, loss: number) => void,
  ): Promise<T> {
    if (this.#closing) throw closed();
    if (this.#failure) throw this.#failure;
    signal?.throwIfAborted();
    if (parameters.length !== this.dimension) {
      throw new ChorusError('E_MODEL_DIMENSION', 'the parameters belong to another model', {
        facts: { parameters: parameters.length, dimension: this.dimension },
      });
    }
    checkState(state, this.#opened!.initialState);
    checkFit(dataset, this.#opened!);
    const data = this.#send(dataset);
    const id = this.#next++;
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const onAbort = () => void Atomics.store(stop, 0, 1);
    signal?.addEventListener('abort', onAbort, { once: true });
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#pending.set(id, { resolve, reject, progress, signal, stop });
    // The copy belongs to the worker: the caller's vector may change meanwhile.
    const copy = Float32Array.from(parameters);
    this.#worker.postMessage({ ...job, id, parameters: copy, state, data, stop } satisfies ToWorker, [
      copy.buffer,
    ]);
    return promise.finally(() => signal?.removeEventListener('abort', onAbort));
  }

  /** Send a data set unless the worker has it; the key it has there. */
  #send(dataset: Dataset): number {
    const known = this.#sent.get(dataset);
    if (known !== undefined) {
      this.#sent.delete(dataset);
      this.#sent.set(dataset, known); // most recently used last
      return known;
    }
    const oldest = this.#sent.keys().next();
    if (this.#sent.size >= KEPT_DATASETS && !oldest.done) {
      this.#post({ kind: 'forget', key: this.#sent.get(oldest.value)! });
      this.#sent.delete(oldest.value);
    }
    const key = this.#next++;
    this.#sent.set(dataset, key);
    this.#post({ kind: 'data', key, inputs: dataset.inputs, labels: dataset.labels });
    return key;
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'opened') {
      this.#opening.resolve(message.opened);
    } else if (message.kind === 'unusable') {
      this.#fail(unpackError(message.error));
    } else {
      const pending = this.#pending.get(message.id);
      if (pending) this.#answer(pending, message);
    }
  }

  #answer(pending: Pending, message: Extract<FromWorker, { id: number }>): void {
    if (message.kind === 'progress') {
      if (Atomics.load(pending.stop, 0) === 0) pending.progress(message.fraction, message.loss);
      return;
    }
    this.#pending.delete(message.id);
    if (message.kind === 'done') pending.resolve(message.result as never);
    else if (message.error.code !== 'E_ABORTED') pending.reject(unpackError(message.error));
    else pending.reject(pending.signal?.aborted ? pending.signal.reason : closed());
  }

  #fail(error: ChorusError): void {
    this.#failure ??= error;
    this.#opening.reject(error);
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}

/** @throws ChorusError `E_MODEL_DIMENSION` where the state is of another model or optimiser */
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

function workerDied(cause: unknown): ChorusError {
  return new ChorusError('E_TRAINING_FAILED', 'the training thread has ended unexpectedly', {
    hint: 'memory may be short: use a smaller batch or fewer samples',
    cause,
  });
}
