import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WEIGHT_ONE } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type Dataset, subset } from '../data/dataset.ts';
import { loadDataset } from '../data/load.ts';
import { type Split, splitIndices } from '../data/split.ts';
import { buildModel, type ModelName } from '../model/build.ts';
import { applyAggregate, createGlobalModel, globalParameters } from '../model/global-model.ts';
import { quantise } from '../model/quantise.ts';
import { syntheticDigits } from '../synthetic-digits/synthetic.ts';
import { createTrainer } from './trainer.ts';

/** The defaults recommended for the demo. */
const RECIPE = { epochs: 2, batchSize: 16, learningRate: 0.1, scale: 2 ** -14 };
const NODES = 5;

const DATA = process.env.CHORUS_DATA ?? new URL('../../../../../shared/data', import.meta.url).pathname;
const MNIST = join(DATA, 'mnist');

/** Federated averaging in one process, through the same integers as the network: accuracy after each round. */
async function federate(name: ModelName, train: Dataset, test: Dataset, rounds: number, split: Split) {
  const model = buildModel(name, { inputShape: train.inputShape, classes: train.classes, seed: 0 });
  const trainer = await createTrainer({
    model,
    loss: { kind: 'softmax-cross-entropy' },
    optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
  });
  const parts = splitIndices(train.labels, NODES, split, 1).map((part) => subset(train, part));
  const global = createGlobalModel(trainer.initial, RECIPE.scale);
  const accuracies: number[] = [];
  let seconds = 0;
  let saturated = 0;
  for (let round = 1; round <= rounds; round++) {
    const parameters = globalParameters(global);
    const aggregate = new Int32Array(trainer.dimension);
    for (const [node, dataset] of parts.entries()) {
      const result = await trainer.train({ ...RECIPE, parameters, dataset, seed: 100 * round + node });
      const update = quantise(result.delta, RECIPE.scale);
      const weight = Math.floor(WEIGHT_ONE / NODES);
      for (let j = 0; j < aggregate.length; j++) aggregate[j] = aggregate[j]! + weight * update.vector[j]!;
      seconds += result.seconds;
      saturated += update.saturated;
    }
    applyAggregate(global, aggregate);
    const { accuracy } = await trainer.evaluate({ parameters: globalParameters(global), dataset: test });
    accuracies.push(accuracy);
  }
  await trainer.close();
  const shown = accuracies.map((a) => (100 * a).toFixed(1)).join(' ');
  console.log(
    `${name}, ${train.name}: ${shown} %; ${(seconds / rounds / NODES).toFixed(3)} s per node and round; ${saturated} saturated`,
  );
  return { accuracies, saturated };
}

describe('federated averaging of generated digits', () => {
  const train = syntheticDigits({ seed: 1, count: 4000 });
  const test = syntheticDigits({ seed: 2, count: 2000 });

  it('federated averaging of generated digits grows over the rounds: below 85 % after one, above 90 % after five', async () => {
    const { accuracies, saturated } = await federate('mlp', train, test, 10, { kind: 'iid' });
    expect(accuracies[0]).toBeGreaterThan(0.6);
    expect(accuracies[0]).toBeLessThan(0.85);
    expect(accuracies[4]).toBeGreaterThan(0.9);
    expect(accuracies[9]).toBeGreaterThan(accuracies[0]! + 0.08);
    expect(saturated).toBe(0);
  });

  it('federated averaging of generated digits also works, more slowly, if each node has two classes', async () => {
    const { accuracies } = await federate('mlp', train, test, 10, { kind: 'shards', perNode: 2 });
    expect(accuracies[9]).toBeGreaterThan(0.5);
  });
});

describe.skipIf(!existsSync(MNIST))(
  'federated averaging of real MNIST (skipped if CHORUS_DATA has none)',
  async () => {
    const all = existsSync(MNIST) ? await loadDataset(MNIST) : syntheticDigits({ seed: 1, count: 400 });
    // As many as the validator of the demo holds out.
    const train = subset(
      all,
      Array.from({ length: all.count - 200 }, (_, i) => i + 200),
    );
    const test = existsSync(MNIST) ? await loadDataset(MNIST, { split: 'test' }) : all;

    it.each([
      ['mlp', 0.94],
      ['cnn', 0.97],
      ['2nn', 0.945],
    ] as const)('%s reaches %f on the 10,000 test digits in ten rounds', async (name, goal) => {
      const { accuracies, saturated } = await federate(name, train, test, 10, { kind: 'iid' });
      expect(accuracies[9]).toBeGreaterThan(goal);
      expect(saturated).toBe(0);
    });
  },
);
