import { ChorusError, hasCode } from '@chorus/protocol';
import { createDataset, valuesOf } from '../data/dataset.ts';
import { EVALUATE_BATCH } from './tensors.ts';
import type { Trainer } from './trainer.ts';

/** What a model was seen to take on this machine, with the threads and the device of its trainer. */
export interface TrialResult {
  /** Wall-clock seconds of one training step. */
  secondsPerStep: number;
  /** Wall-clock seconds of evaluating one sample, from a batch of many. */
  secondsPerEvaluation: number;
  /** The most memory the model's process has held, bytes. */
  peakBytes: number;
}

export interface TrialOptions {
  /** Shape of one sample. */
  inputShape: number[];
  classes: number;
  batchSize: number;
  signal?: AbortSignal;
}

/** Full steps of the trial: the first run of the runtime has so many. */
const STEPS = 4;

/** A bound on what is made up for it: 64 MiB. */
const MAX_VALUES = 2 ** 24;

/**
 * Try a few steps of training and an evaluation on made-up samples: whether the model takes them, and what it takes, is
 * found out before anything depends on it. The limits of the trainer's process hold.
 *
 * @throws ChorusError `E_DATA_SHAPE`, `E_DATA_LABEL` where model and samples do not fit each other, and what training
 *   throws
 */
export async function measureModel(trainer: Trainer, options: TrialOptions): Promise<TrialResult> {
  const { inputShape, classes, batchSize, signal } = options;
  const width = valuesOf(inputShape);
  if (batchSize * width > MAX_VALUES) {
    throw new ChorusError('E_DATA_SHAPE', 'a batch of samples is too large', {
      facts: { shape: inputShape.join('x'), batchSize },
      hint: 'correct data.inputShape or batchSize of the terms',
    });
  }
  const most = Math.floor(MAX_VALUES / width);
  const madeUp = (count: number) =>
    createDataset({
      // Zeros and ones: brightness, features and tokens alike.
      inputs: Float32Array.from({ length: count * width }, (_, i) => (i * 7 + Math.floor(i / 3)) % 2),
      // The last class too, which a model with too few does not have.
      labels: Int32Array.from({ length: count }, (_, i) => (i % 2 === 0 ? classes - 1 : i % classes)),
      inputShape,
      classes,
      name: 'the data that the terms describe',
    });
  const parameters = trainer.initial;
  const train = async (count: number): Promise<number> => {
    const began = performance.now();
    const settings = { epochs: 1, batchSize, learningRate: 1e-6, seed: 1 };
    try {
      const { seconds } = await trainer.train({
        ...settings,
        parameters,
        dataset: madeUp(count),
        ...(signal ? { signal } : {}),
      });
      return seconds;
    } catch (error) {
      // Of samples that mean nothing, the loss need not.
      if (!hasCode(error, 'E_TRAINING_DIVERGED')) throw error;
      return (performance.now() - began) / 1000;
    }
  };
  const steps = Math.max(1, Math.min(STEPS, Math.floor(most / batchSize)));
  // The first run takes longer than those that follow; the one sample over goes through the graph of a single step.
  await train(Math.min(most, batchSize + 1));
  const seconds = await train(steps * batchSize);
  const count = Math.min(most, EVALUATE_BATCH);
  const began = performance.now();
  await trainer.evaluate({ parameters, dataset: madeUp(count), ...(signal ? { signal } : {}) });
  return {
    secondsPerStep: seconds / steps,
    secondsPerEvaluation: (performance.now() - began) / 1000 / count,
    peakBytes: await trainer.peakBytes(),
  };
}
