import { adaptWeights, encodeModel, parseModel } from '@chorus/autodiff';
import { describe, expect, it } from 'vitest';
import type { AdapterOptions } from '../jobs/messages.ts';
import { buildModel } from '../model/build.ts';
import { syntheticDigits } from '../synthetic-digits/synthetic.ts';
import { createTrainer, type Trainer } from './trainer.ts';

const digits = syntheticDigits({ seed: 2, count: 120 });
const model = buildModel('mlp', { inputShape: [1, 28, 28], classes: 10, seed: 0 });
const adapter: AdapterOptions = { rank: 4, alpha: 8, targets: ['fc1', 'fc2'], seed: 3 };
const sgd = {
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
} as const;
const settings = { dataset: digits, epochs: 4, batchSize: 16, learningRate: 0.2, seed: 1 };

async function opened<T>(
  options: Partial<Parameters<typeof createTrainer>[0]>,
  use: (trainer: Trainer) => Promise<T>,
): Promise<T> {
  const trainer = await createTrainer({ model, ...sgd, adapter, ...options });
  try {
    return await use(trainer);
  } finally {
    await trainer.close();
  }
}

describe('training by adapters', () => {
  it('only the adapters of the targets are parameters, and they begin by changing nothing', async () => {
    const plain = await opened({ adapter: undefined as never }, (trainer) =>
      trainer.evaluate({ parameters: trainer.initial, dataset: digits }),
    );
    await opened({}, async (trainer) => {
      expect(trainer.parameters.map(({ name, shape }) => [name, shape])).toEqual([
        ['fc1.weight.lora_A', [784, 4]],
        ['fc1.weight.lora_B', [4, 64]],
        ['fc2.weight.lora_A', [64, 4]],
        ['fc2.weight.lora_B', [4, 32]],
      ]);
      const found = await trainer.evaluate({ parameters: trainer.initial, dataset: digits });
      expect(found.loss).toBeCloseTo(plain.loss, 5);
    });
  });

  it('the loss falls, and the bits are those of a model that holds its frozen weights itself', async () => {
    const whole = adaptWeights(parseModel(model), { ...adapter, target: /^fc[12]\./ });
    const inOneFile = await opened(
      { model: encodeModel(whole.model), adapter: undefined as never, trainable: whole.trainable },
      (trainer) => trainer.train({ ...settings, parameters: trainer.initial }),
    );
    await opened({}, async (trainer) => {
      const before = await trainer.evaluate({ parameters: trainer.initial, dataset: digits });
      const { delta } = await trainer.train({ ...settings, parameters: trainer.initial });
      const parameters = trainer.initial.map((x, j) => x + delta[j]!);
      const after = await trainer.evaluate({ parameters, dataset: digits });
      expect(after.loss).toBeLessThan(0.95 * before.loss);
      expect(delta).toHaveLength(inOneFile.delta.length);
      for (const [j, value] of inOneFile.delta.entries()) expect(delta[j]).toBeCloseTo(value, 4);
    });
  });

  it('private training with next to no noise, and no gradient clipped, is plain training of whole batches', async () => {
    const whole = { ...settings, epochs: 3, batchSize: digits.count };
    const train = (trainer: Trainer) => trainer.train({ ...whole, parameters: trainer.initial });
    const plain = await opened({}, train);
    const privately = await opened({ privacy: { clip: 100, noiseMultiplier: 1e-9 } }, train);
    expect(plain.delta.some((x) => Math.abs(x) > 1e-3)).toBe(true);
    for (const [j, value] of plain.delta.entries()) expect(privately.delta[j]).toBeCloseTo(value, 4);
  });

  it('targets that no weight has, and a rank that is larger than a weight, are refused', async () => {
    const refused = (change: Partial<AdapterOptions>) =>
      expect(createTrainer({ model, ...sgd, adapter: { ...adapter, ...change } })).rejects.toMatchObject({
        code: 'E_MODEL_LORA',
      });
    await refused({ targets: ['fc'] });
    await refused({ rank: 65 });
  });
});
