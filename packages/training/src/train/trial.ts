import { ChorusError, encodePayload, hasCode, type Terms } from '@chorus/protocol';
import { createDataset, type Dataset, subset, valuesOf } from '../data/dataset.ts';
import { EVALUATE_BATCH } from '../jobs/tensors.ts';
import { createGlobalModel, globalParameters } from '../model/global-model.ts';
import { quantise, suggestScale } from '../model/quantise.ts';
import { quantiseReference } from '../model/quantise-reference.ts';
import { random } from '../random.ts';
import type { Trainer } from './trainer.ts';

/** What a model was seen to take on this machine, with the threads and the device of its trainer. */
export interface TrialResult {
  /** Wall-clock seconds of one training step. */
  secondsPerStep: number;
  /** The most memory the model's process has held, bytes. */
  peakBytes: number;
}

export type TrialTerms = Pick<Terms, 'batchSize' | 'learningRate' | 'scale'> & {
  data: Pick<Terms['data'], 'inputShape' | 'classes'>;
};

export interface TrialOptions {
  terms: TrialTerms;
  /** Samples to try it on; made up where there are none. */
  dataset?: Dataset | null;
  signal?: AbortSignal;
}

/** Full steps that are timed: the first run of the runtime has so many. */
const TIMED_STEPS = 4;

/** A step that is timed changes nothing that could end it. */
const TIMED_RATE = 1e-6;

/** A bound on what is made up: 64 MiB. */
const MAX_VALUES = 2 ** 24;

/** More steps than a round has: what rounds to nothing after so many rounds to nothing. */
const MOST_STEPS = 1e6;

/** Of the entries that move, so many may be clamped in the first step. */
const MOST_SATURATED = 0.5;

/**
 * Do with a model what a round does with it, on few samples: initial parameters, a step of training, its update and its
 * direction as they are committed and sent, an evaluation. What this lets pass is trained,
 * evaluated, validated and aggregated; it is asked before a budget is locked, and before a stake is.
 *
 * The limits of the trainer's process hold, so it ends: it is at most twelve calls of the runtime.
 *
 * @throws ChorusError `E_DATA_SHAPE`, `E_DATA_LABEL` where model and samples do not fit each other; `E_MODEL_VALUE` where
 *   a parameter, or the loss on whatever is tried, is not finite; `E_MODEL_UNSUPPORTED` where it does not run, or no
 *   parameter moves; `E_TASK_SCALE` where no update can be told in units of the scale; what training throws
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
    const tested = samplesOf(kind, terms, EVALUATE_BATCH, options.dataset ?? null);
    const { loss } = await trainer.evaluate({ parameters, dataset: tested, ...withSignal });
    if (!Number.isFinite(loss)) throw infinite(loss);
    return { secondsPerStep: timed / TIMED_STEPS, peakBytes: await trainer.peakBytes() };
  } catch (error) {
    // Whatever the runtime does not do with these samples, it will not do in a round.
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
 * Whether a batch that the terms describe can be made up at all.
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

/** The first step must be finite and move something; of samples that mean nothing, the next ones need not be. */
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
      // What fails on a node's own data alone is to be seen there.
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
  const { inputShape, classes } = data;
  const width = valuesOf(inputShape);
  const samples = Math.max(1, Math.min(count, Math.floor(MAX_VALUES / width)));
  const draw = random(1);
  const value =
    kind === 'bits' ? (i: number) => (i * 7 + Math.floor(i / 3)) % 2 : () => 0.01 + 0.98 * draw.float();
  return createDataset({
    inputs: Float32Array.from({ length: samples * width }, (_, i) => value(i)),
    labels: Int32Array.from({ length: samples }, (_, i) => (i % 2 === 0 ? classes - 1 : i % classes)),
    inputShape,
    classes,
    name: 'the data that the terms describe',
  });
}

/** Seconds of a training that may diverge: how long it took is known all the same. */
async function finite(training: Promise<{ seconds: number }>): Promise<number> {
  const began = performance.now();
  try {
    return (await training).seconds;
  } catch (error) {
    if (!hasCode(error, 'E_TRAINING_DIVERGED')) throw error;
    return (performance.now() - began) / 1000;
  }
}

/** Whether updates of such a model can be told in whole units of the scale, of which int16 holds 32,767. */
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

/** The sizes and entries of what is sent. */
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
