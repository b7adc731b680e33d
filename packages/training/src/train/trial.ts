import { ChorusError, encodePayload, hasCode, type Terms } from '@chorus/protocol';
import { createDataset, type Dataset, labelsPerSample, subset, valuesOf } from '../data/dataset.ts';
import { createGlobalModel, globalParameters } from '../model/global-model.ts';
import { quantise, suggestScale } from '../model/quantise.ts';
import { quantiseReference } from '../model/quantise-reference.ts';
import { random } from '../random.ts';
import type { Trainer } from './trainer.ts';

/** Measured cost of a model on this machine, with the threads and the device of its trainer. */
export interface TrialResult {
  /** Wall-clock seconds of one training step. */
  secondsPerStep: number;
  /** The most memory the model's process has held, bytes. */
  peakBytes: number;
}

export type TrialTerms = Pick<Terms, 'batchSize' | 'learningRate' | 'scale'> & {
  data: Pick<Terms['data'], 'kind' | 'inputShape' | 'classes'>;
};

export interface TrialOptions {
  terms: TrialTerms;
  /** Samples for the trial; default: generated ones. */
  dataset?: Dataset | null;
  signal?: AbortSignal;
}

/** Number of timed full steps: that of the runtime's first run. */
const TIMED_STEPS = 4;

/** Timed steps use a rate too small to make them diverge. */
const TIMED_RATE = 1e-6;

/** Bound on generated samples: 64 MiB. */
const MAX_VALUES = 2 ** 24;

/** More steps than a round has: an entry that rounds to zero after this number of steps always does. */
const MOST_STEPS = 1e6;

/** Maximum share of the moving entries that the first step may clamp. */
const MOST_SATURATED = 0.5;

/**
 * Run all steps of a round on a model, with few samples: initial parameters, a step of training, its update and its
 * direction as they are committed and sent, an evaluation. A model that passes can be trained, evaluated, validated
 * and aggregated; the trial runs before a budget or a stake is locked.
 *
 * The limits of the trainer's process hold, so it ends: it is at most twelve calls of the runtime.
 *
 * @throws ChorusError `E_DATA_SHAPE`, `E_DATA_LABEL` if model and samples do not fit each other; `E_MODEL_VALUE` if
 *   a parameter, or the loss on all tried samples, is not finite; `E_MODEL_UNSUPPORTED` if it does not run, or no
 *   parameter moves; `E_TASK_SCALE` if no update can be expressed in units of the scale; the errors of training
 */
export async function tryModel(trainer: Trainer, options: TrialOptions): Promise<TrialResult> {
  const { terms, signal } = options;
  const { scale, learningRate } = terms;
  checkBatch(terms);
  const parameters = globalParameters(createGlobalModel(trainer.initial, scale));
  const withSignal = signal ? { signal } : {};
  const train = (dataset: Dataset, epochs: number, rate: number) =>
    trainer.train({
      parameters,
      dataset,
      epochs,
      batchSize: terms.batchSize,
      learningRate: rate,
      seed: 1,
      ...withSignal,
    });
  try {
    // The sample over goes through the graph of a single step; the first is of the last class, which a model with too
    // few does not have.
    await finite(train(madeUp(terms, terms.batchSize + 1, 'bits'), 1, TIMED_RATE));
    const { kind, delta } = await firstStep(terms, options.dataset ?? null, (samples) =>
      train(samples, 1, learningRate),
    );
    checkUpdate(delta, terms);
    for (const each of ['update', 'reference'] as const) checkPayload(each, delta, scale);
    const batch = samplesOf(kind, terms, terms.batchSize, options.dataset ?? null);
    const timed = await finite(train(batch, TIMED_STEPS, TIMED_RATE));
    const tested = samplesOf(kind, terms, trainer.evaluateBatch, options.dataset ?? null);
    const { loss } = await trainer.evaluate({ parameters, dataset: tested, ...withSignal });
    if (!Number.isFinite(loss)) throw infinite(loss);
    return { secondsPerStep: timed / TIMED_STEPS, peakBytes: await trainer.peakBytes() };
  } catch (error) {
    // Any failure of the runtime with these samples would occur in a round too.
    if (!hasCode(error, 'E_TRAINING_FAILED')) throw error;
    throw new ChorusError(
      'E_MODEL_UNSUPPORTED',
      'the model does not run on samples as the terms describe them',
      {
        facts: { shape: terms.data.inputShape.join('x'), classes: terms.data.classes },
        hint: 'check that it runs in onnxruntime on a batch of such samples',
        cause: error,
      },
    );
  }
}

/**
 * Check that a batch of the terms can be generated at all.
 * @throws ChorusError `E_DATA_SHAPE`
 */
export function checkBatch({ data, batchSize }: Omit<TrialTerms, 'learningRate' | 'scale'>): void {
  if (batchSize * valuesOf(data.inputShape) <= MAX_VALUES) return;
  throw new ChorusError('E_DATA_SHAPE', 'a batch of samples is too large', {
    facts: { shape: data.inputShape.join('x'), batchSize },
    hint: 'correct data.inputShape or batchSize of the terms',
  });
}

/** `bits`: zeros and ones, as brightness, features and tokens are. `noise`: for a model of which bits are too rare. */
type Kind = 'own' | 'bits' | 'noise';

/** The first step must be finite and move something; with meaningless samples, the next ones need not be. */
async function firstStep(
  terms: TrialTerms,
  own: Dataset | null,
  step: (samples: Dataset) => Promise<{ delta: Float32Array }>,
): Promise<{ kind: Kind; delta: Float32Array }> {
  const attempt = async (kind: Kind): Promise<{ kind: Kind; delta: Float32Array }> => {
    const { delta } = await step(samplesOf(kind, terms, terms.batchSize, own));
    if (delta.some((x) => x !== 0)) return { kind, delta };
    throw new ChorusError('E_MODEL_UNSUPPORTED', 'the model does not train: no parameter moves in a step', {
      facts: { learningRate: terms.learningRate },
      hint: 'check that the loss depends on its weights, and raise the learning rate',
    });
  };
  const kinds: Kind[] = own && own.count > 0 ? ['own', 'bits', 'noise'] : ['bits', 'noise'];
  const faults: unknown[] = [];
  for (const kind of kinds) {
    try {
      const found = await attempt(kind);
      // A failure that only a node's own data causes must show there.
      if (faults.length > 0 && own && own.count > 0) throw faults[0];
      return found;
    } catch (error) {
      const passing = hasCode(error, 'E_TRAINING_DIVERGED') || hasCode(error, 'E_MODEL_UNSUPPORTED');
      if (!passing || faults.includes(error)) throw error;
      faults.push(error);
    }
  }
  const [first] = faults;
  throw hasCode(first, 'E_TRAINING_DIVERGED') ? infinite((first as ChorusError).facts.value) : first;
}

function samplesOf(kind: Kind, terms: TrialTerms, count: number, own: Dataset | null): Dataset {
  if (kind !== 'own') return madeUp(terms, count, kind);
  const length = Math.min(count, own!.count);
  return subset(
    own!,
    Uint32Array.from({ length }, (_, i) => i),
  );
}

function madeUp({ data }: TrialTerms, count: number, kind: 'bits' | 'noise'): Dataset {
  const { kind: predicts, inputShape, classes } = data;
  const width = valuesOf(inputShape);
  const samples = Math.max(1, Math.min(count, Math.floor(MAX_VALUES / width)));
  const draw = random(1);
  const value =
    kind === 'bits' ? (i: number) => (i * 7 + Math.floor(i / 3)) % 2 : () => 0.01 + 0.98 * draw.float();
  return createDataset({
    inputs: Float32Array.from({ length: samples * width }, (_, i) => value(i)),
    labels: Int32Array.from({ length: samples * labelsPerSample(data) }, (_, i) =>
      i % 2 === 0 ? classes - 1 : i % classes,
    ),
    kind: predicts,
    inputShape,
    classes,
    name: 'the data that the terms describe',
  });
}

/** Duration in seconds of a training that may diverge: it is measured anyway. */
async function finite(training: Promise<{ seconds: number }>): Promise<number> {
  const began = performance.now();
  try {
    return (await training).seconds;
  } catch (error) {
    if (!hasCode(error, 'E_TRAINING_DIVERGED')) throw error;
    return (performance.now() - began) / 1000;
  }
}

/** Whether updates of such a model can be expressed in whole units of the scale, of which int16 holds 32,767. */
function checkUpdate(delta: Float32Array, { scale }: TrialTerms): void {
  const largest = delta.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  if (largest * MOST_STEPS < scale / 2) throw coarse(delta, scale);
  const moved = delta.reduce((sum, x) => sum + (x === 0 ? 0 : 1), 0);
  if (quantise(delta, scale).saturated <= MOST_SATURATED * moved) return;
  throw new ChorusError(
    'E_TASK_SCALE',
    'the scale is too fine: a step of training leaves the range of an update',
    {
      facts: { scale, largest },
      hint: `take a scale of about ${suggestScale(delta)}`,
    },
  );
}

/** Sizes and entries of the sent data. */
function checkPayload(kind: 'update' | 'reference', delta: Float32Array, scale: number): void {
  const vector = kind === 'update' ? quantise(delta, scale).vector : quantiseReference(delta);
  const author = `0x${'0'.repeat(40)}` as const;
  encodePayload({ kind, taskId: 1n, round: 1, author, dimension: vector.length, vector });
}

function coarse(delta: Float32Array, scale: number): ChorusError {
  return new ChorusError('E_TASK_SCALE', 'the scale is too coarse for updates of the model', {
    facts: { scale },
    hint: `take a scale of about ${suggestScale(delta)}`,
  });
}

function infinite(loss: unknown): ChorusError {
  return new ChorusError('E_MODEL_VALUE', 'the model does not train: its first step is not finite', {
    facts: { loss: Number(loss) },
    hint: 'check its weights and constants for numbers that are not finite, and the learning rate',
  });
}
