import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseModel, tensorNumbers } from '@chorus/autodiff';
import {
  buildModel,
  createTrainer,
  type Dataset,
  loadDataset,
  loadText,
  type MemoryDataset,
  trainModel,
} from '@chorus/training';
import { describe, expect, it } from 'vitest';
import { GraphTraining, Tensor } from '../../packages/training/src/testing/graph-training.ts';
import { recurrent, transformer } from '../../packages/training/src/testing/models.ts';

const DATA = process.env.CHORUS_DATA ?? new URL('../../../shared/data', import.meta.url).pathname;
const MNIST = join(DATA, 'mnist');
const SHAKESPEARE = join(DATA, 'shakespeare');
const reason = (folder: string) => `${folder} is missing (set CHORUS_DATA)`;

describe('on real MNIST, 10,000 images', () => {
  it.for([
    { model: '2nn', epochs: 12, rate: 0.0005, accuracy: 0.95 },
    { model: 'cnn', epochs: 4, rate: 0.002, accuracy: 0.97 },
  ] as const)(
    '$model reaches $accuracy in $epochs epochs',
    async ({ model, epochs, rate, accuracy }, { skip }) => {
      if (!existsSync(MNIST)) skip(reason(MNIST));
      const dataset = await loadDataset(MNIST);
      const validation = await loadDataset(MNIST, { split: 'test' });
      const { inputShape, classes } = dataset;
      const { history } = await trainModel({
        model: buildModel(model, { inputShape, classes, seed: 1 }),
        dataset,
        validation,
        epochs,
        batchSize: 32,
        learningRate: rate,
        optimizer: { kind: 'adam', weightDecay: 0 },
        seed: 1,
      });
      const best = Math.max(...history.map(({ validation: held }) => held!.accuracy));
      expect(best).toBeGreaterThan(accuracy);
    },
  );

  it('LoRA on a frozen model learns a shifted task, touching only its adapters', async ({ skip }) => {
    if (!existsSync(MNIST)) skip(reason(MNIST));
    const train = await loadDataset(MNIST, { limit: 4000 });
    const test = await loadDataset(MNIST, { split: 'test', limit: 2000 });
    const { inputShape, classes } = train;
    const recipe = {
      dataset: train,
      validation: test,
      batchSize: 32,
      optimizer: { kind: 'adam', weightDecay: 0 },
      seed: 1,
    } as const;
    const model = buildModel('2nn', { inputShape, classes, seed: 1 });
    const upright = await trainModel({ ...recipe, model, epochs: 3, learningRate: 0.001 });
    // The shifted task: the same digits, turned upside down.
    const turned = { ...recipe, dataset: upsideDown(train), validation: upsideDown(test) };
    const lora = { target: /weight$/, rank: 4 };
    const adapted = await trainModel({
      ...turned,
      model: upright.model,
      epochs: 6,
      learningRate: 0.003,
      lora,
    });
    const before = await accuracyOf(upright.model, turned.validation);
    const after = adapted.history.at(-1)!.validation!.accuracy;
    // Everything but the adapted weights is as it was, bit for bit.
    expect(biases(adapted.model)).toEqual(biases(upright.model));
    // 4 (784 + 200) + 4 (200 + 200) + 4 (200 + 10) numbers of 199,210 train.
    expect(adapted.dimension).toBe(6376);
    expect(before).toBeLessThan(0.5);
    expect(after).toBeGreaterThan(0.84);
    expect(await accuracyOf(adapted.model, turned.validation)).toBeCloseTo(after, 6);
  });
});

describe('on the text of Shakespeare, character by character', () => {
  const TEXT = { width: 96, context: 64, vocabulary: 128 };
  const BATCH = 32;
  const STEPS_PER_RUN = 20;

  /** Trains on the first nine tenths; loss on the last tenth, in nats per character. */
  async function train(training: GraphTraining, steps: number, learningRate: number): Promise<number> {
    const { tokens } = await loadText(SHAKESPEARE, 'shakespeare');
    const { context } = TEXT;
    const cut = Math.floor(tokens.length * 0.9);
    const window = (starts: readonly number[], shift: number) => {
      const values = starts.flatMap((start) =>
        Array.from(tokens.subarray(start + shift, start + shift + context), BigInt),
      );
      return new Tensor('int64', BigInt64Array.from(values), [starts.length, context]);
    };
    const index = BigInt64Array.from({ length: STEPS_PER_RUN * BATCH }, (_, i) => BigInt(i));
    let position = 0;
    for (let step = 0; step < steps; step += STEPS_PER_RUN) {
      const starts = Array.from({ length: STEPS_PER_RUN * BATCH }, () => {
        // A stride without a common factor with the length visits the text evenly.
        position = (position + 7919) % (cut - context - 1);
        return position;
      });
      const rows = new Tensor('int64', index, [STEPS_PER_RUN, BATCH]);
      const losses = await training.epoch(window(starts, 0), window(starts, 1), rows, learningRate);
      expect(losses.every(Number.isFinite)).toBe(true);
    }
    const held = Array.from({ length: 64 }, (_, i) => cut + i * 1000);
    return training.evaluate(window(held, 0), window(held, 1));
  }

  const options = {
    loss: { kind: 'softmax-cross-entropy' },
    optimizer: { kind: 'adam' },
    clipNorm: 1,
  } as const;

  it.for([
    { cell: 'LSTM', steps: 600, limit: 2 },
    { cell: 'GRU', steps: 600, limit: 2 },
  ] as const)(
    'one $cell falls below $limit nats in $steps steps',
    async ({ cell, steps, limit }, { skip }) => {
      if (!existsSync(SHAKESPEARE)) skip(reason(SHAKESPEARE));
      const training = new GraphTraining(recurrent(cell, TEXT, 1), options);
      expect(await train(training, steps, 0.004)).toBeLessThan(limit);
      await training.release();
    },
  );

  it('a transformer of two layers falls below 2 nats in 600 steps', async ({ skip }) => {
    if (!existsSync(SHAKESPEARE)) skip(reason(SHAKESPEARE));
    const training = new GraphTraining(transformer({ ...TEXT, layers: 2, heads: 4 }, 1), options);
    expect(await train(training, 600, 0.002)).toBeLessThan(2);
    await training.release();
  });
});

function biases(model: Uint8Array): number[][] {
  const { initializers } = parseModel(model).graph;
  return [...initializers.values()]
    .filter(({ name }) => name.endsWith('.bias'))
    .map((tensor) => tensorNumbers(tensor));
}

async function accuracyOf(model: Uint8Array, dataset: Dataset): Promise<number> {
  const trainer = await createTrainer({
    model,
    loss: { kind: 'softmax-cross-entropy' },
    optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
  });
  const { accuracy } = await trainer.evaluate({ parameters: trainer.initial, dataset });
  await trainer.close();
  return accuracy;
}

function upsideDown(dataset: MemoryDataset): MemoryDataset {
  const width = dataset.inputs.length / dataset.count;
  const inputs = new Float32Array(dataset.inputs.length);
  for (let i = 0; i < dataset.count; i++) {
    inputs.set(dataset.inputs.slice(i * width, (i + 1) * width).reverse(), i * width);
  }
  return { ...dataset, inputs };
}
