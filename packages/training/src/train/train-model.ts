import { createHash, type Hash } from 'node:crypto';
import { AutodiffError, insertLora, mergeLora, withParameters } from '@chorus/autodiff';
import { ChorusError } from '@chorus/protocol';
import type { Dataset } from '../data/dataset.ts';
import { floatPieces } from '../data/samples.ts';
import type { Device } from '../device/devices.ts';
import type { Loss, Optimizer } from '../jobs/messages.ts';
import { type Checkpoint, type EpochResult, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { createTrainer, type Trainer } from './trainer.ts';

export interface TrainModelOptions {
  /** An ONNX classifier, as for {@link createTrainer}. */
  model: Uint8Array;
  dataset: Dataset;
  /** Held-out samples to evaluate on after each epoch. */
  validation?: Dataset;
  /** Total number of epochs, including those before a resumed checkpoint. */
  epochs: number;
  batchSize: number;
  learningRate: number;
  optimizer: Optimizer;
  /** Default: cross-entropy. */
  loss?: Loss;
  device?: Device;
  threads?: number;
  /** Parameters whose names match stay unchanged. */
  freeze?: RegExp;
  /** Train only low-rank adapters (Hu et al. 2021, arXiv:2106.09685) on the weights whose names match. */
  lora?: { target: RegExp; rank: number };
  seed: number;
  /** Folder for a checkpoint after every epoch. */
  checkpoints?: string;
  /** Resume from the newest checkpoint in that folder, if there is one. */
  resume?: boolean;
  signal?: AbortSignal;
  onOpen?: (trainer: Pick<Trainer, 'dimension' | 'device'>, resumedFrom: number) => void;
  /** Finished share of all epochs, and the loss of the last step. */
  onProgress?: (fraction: number, loss: number) => void;
  onEpoch?: (result: EpochResult) => void;
}

export interface TrainedModel {
  /** An inference model like the one given, with the trained values (adapters folded in). */
  model: Uint8Array;
  history: EpochResult[];
  device: Exclude<Device, 'auto'>;
  /** Number of trained parameters. */
  dimension: number;
}

/** No commitment is made of these parameters, so only memory bounds them. */
const MAX_PARAMETERS = 2 ** 29;

/**
 * Train a model by itself, as a training framework does: no task, no network.
 *
 * An uninterrupted training and a resumed one give the same bits on one machine, device and thread count.
 * @throws ChorusError as {@link createTrainer} and `Trainer.train`; `E_MODEL_LORA` if no adapter fits,
 * `E_CHECKPOINT_EXISTS` if a folder is in use without `resume`, `E_CHECKPOINT_MISMATCH` if the checkpoint has another
 * model, data or settings, `E_CHECKPOINT_CORRUPT`. After an error the checkpoint of the last whole epoch remains.
 */
export async function trainModel(options: TrainModelOptions): Promise<TrainedModel> {
  const { model, dataset, validation, epochs, batchSize, learningRate, seed, checkpoints, signal } = options;
  const { loss = { kind: 'softmax-cross-entropy' }, optimizer, lora, freeze } = options;
  if (!(Number.isSafeInteger(epochs) && epochs > 0)) throw new RangeError(`epochs is ${epochs}`);
  const adapted = lora ? withAdapters(model, lora, seed) : undefined;
  const run = await runOf(options, loss);
  const saved = checkpoints === undefined ? null : await readCheckpoint(checkpoints);
  if (saved && !options.resume) {
    throw new ChorusError('E_CHECKPOINT_EXISTS', 'the folder holds checkpoints of an earlier training', {
      facts: { folder: checkpoints, epochs: saved.epochs },
      hint: 'resume it, name another folder, or delete this one',
    });
  }
  if (saved && saved.run !== run) {
    const differs = differences(saved.run, run);
    throw new ChorusError(
      'E_CHECKPOINT_MISMATCH',
      `the checkpoint is of a training with another ${differs}`,
      {
        facts: { folder: checkpoints, epochs: saved.epochs, differs },
        hint: `resume with the ${differs} it was begun with, or name another folder`,
      },
    );
  }
  const trainer = await createTrainer({
    model: adapted?.model ?? model,
    loss,
    optimizer,
    batchNormalization: 'batch',
    maxDimension: MAX_PARAMETERS,
    ...(adapted ? { trainable: adapted.trainable } : {}),
    ...(freeze ? { freeze } : {}),
    ...(options.device ? { device: options.device } : {}),
    ...(options.threads ? { threads: options.threads } : {}),
    ...(signal ? { signal } : {}),
  });
  try {
    let { parameters, state } = saved ?? { parameters: trainer.initial, state: trainer.initialState };
    const history: EpochResult[] = [...(saved?.history ?? [])];
    options.onOpen?.(trainer, saved?.epochs ?? 0);
    for (let epoch = saved?.epochs ?? 0; epoch < epochs; epoch++) {
      const result = await trainer.train({
        parameters,
        state,
        dataset,
        epochs: 1,
        firstEpoch: epoch,
        batchSize,
        learningRate,
        seed,
        ...(signal ? { signal } : {}),
        onProgress: (fraction, last) => options.onProgress?.((epoch + fraction) / epochs, last),
      });
      parameters = parameters.map((value, j) => value + result.delta[j]!);
      state = result.state;
      const tested = validation
        ? await trainer.evaluate({ parameters, state, dataset: validation, ...(signal ? { signal } : {}) })
        : null;
      if (tested && !Number.isFinite(tested.loss)) {
        // The next step would not be finite either; the stored checkpoint stays usable.
        throw new ChorusError('E_TRAINING_DIVERGED', 'the loss on the held-out samples is not finite', {
          facts: { epoch: epoch + 1, loss: tested.loss, learningRate },
          hint: 'lower the learning rate',
        });
      }
      const outcome: EpochResult = {
        epoch: epoch + 1,
        loss: result.losses.reduce((sum, value) => sum + value, 0) / result.losses.length,
        validation: tested && { loss: tested.loss, accuracy: tested.accuracy },
        seconds: result.seconds,
      };
      history.push(outcome);
      if (checkpoints !== undefined) {
        const checkpoint: Checkpoint = { epochs: epoch + 1, run, parameters, state, history };
        await writeCheckpoint(checkpoints, checkpoint);
      }
      options.onEpoch?.(outcome);
    }
    const values = trainedValues(trainer, parameters, state);
    return {
      model: adapted ? mergeLora(adapted.model, values) : withParameters(model, values),
      history,
      device: trainer.device,
      dimension: trainer.dimension,
    };
  } finally {
    await trainer.close();
  }
}

function withAdapters(model: Uint8Array, { target, rank }: { target: RegExp; rank: number }, seed: number) {
  try {
    return insertLora(model, { target, rank, seed });
  } catch (cause) {
    if (!(cause instanceof AutodiffError)) throw cause;
    throw new ChorusError('E_MODEL_LORA', cause.message, { hint: cause.hint, cause });
  }
}

/** New values of the model's initialisers: parameters, and running statistics from the state. */
function trainedValues(
  trainer: Trainer,
  parameters: Float32Array,
  state: Checkpoint['state'],
): Map<string, Float32Array | Float64Array> {
  const values = new Map<string, Float32Array | Float64Array>(
    trainer.parameters.map(({ name, offset, size }) => [name, parameters.subarray(offset, offset + size)]),
  );
  for (const name of trainer.modelState) {
    const value = state[name];
    if (value && !(value instanceof BigInt64Array)) values.set(name, value);
  }
  return values;
}

/** Settings that must be equal to resume, in the order of {@link runOf}; epochs and device may differ. */
const RUN_PARTS = [
  'model',
  'data',
  'batch size',
  'learning rate',
  'optimiser',
  'loss',
  'seed',
  'frozen parameters',
  'adapters',
] as const;

/** Short digests of the parts of a training, to find out which differ. */
async function runOf(options: TrainModelOptions, loss: Loss): Promise<string> {
  const { model, dataset, batchSize, learningRate, optimizer, freeze, lora, seed } = options;
  const data = await digestOfData(dataset);
  const settings = [
    batchSize,
    learningRate,
    optimizer,
    loss,
    seed,
    freeze?.source,
    lora && [lora.target.source, lora.rank],
  ];
  return [digestOf(model), data, ...settings.map((value) => digestOf(JSON.stringify(value ?? null)))].join(
    '.',
  );
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

/** The same for data in memory and in a file. */
async function digestOfData(dataset: Dataset): Promise<string> {
  const { labels, count, inputShape, classes } = dataset;
  const hash = createHash('sha256').update(JSON.stringify([count, inputShape, classes]));
  for await (const piece of floatPieces(dataset)) hash.update(bytesOf(piece));
  return shortened(hash.update(bytesOf(labels)));
}

/** 48 bits: enough to distinguish a user's own trainings. */
const shortened = (hash: Hash): string => hash.digest('hex').slice(0, 12);

const digestOf = (part: string | Uint8Array): string => shortened(createHash('sha256').update(part));

/** The parts in which two trainings differ, for a sentence. */
function differences(one: string, other: string): string {
  const [parts, others] = [one.split('.'), other.split('.')];
  const named = RUN_PARTS.filter((_, i) => parts[i] !== others[i]);
  // A checkpoint of a version with one digest for the whole training.
  if (parts.length !== others.length) return 'model, data or setting';
  return named.length > 1 ? `${named.slice(0, -1).join(', ')} and ${named.at(-1)}` : String(named[0]);
}
