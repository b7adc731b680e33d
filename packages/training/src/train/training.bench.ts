import { describe, it } from 'vitest';
import { buildModel, MODEL_NAMES } from '../model/build.ts';
import { syntheticDigits } from '../synthetic-digits/synthetic.ts';
import { createTrainer } from './trainer.ts';

const dataset = syntheticDigits({ seed: 1, count: 1300 });

describe('one local epoch over 1,300 digits', () => {
  it.for(MODEL_NAMES)('%s', { timeout: 120_000 }, async (name, { bench }) => {
    const trainer = await createTrainer({
      model: buildModel(name, { inputShape: [1, 28, 28], classes: 10, seed: 0 }),
      loss: { kind: 'softmax-cross-entropy' },
      optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
    });
    const epoch = (batchSize: number) => async () => {
      await trainer.train({
        parameters: trainer.initial,
        dataset,
        epochs: 1,
        batchSize,
        learningRate: 0.1,
        seed: 1,
      });
    };
    await bench.compare(bench('batch 16', epoch(16)), bench('batch 32', epoch(32)), {
      time: 500,
      iterations: 10,
      warmupTime: 100,
      warmupIterations: 2,
    });
    await trainer.close();
  });
});

it('1,000 generated digits', async ({ bench }) => {
  await bench('syntheticDigits', () => {
    syntheticDigits({ seed: 1, count: 1000 });
  }).run();
});
