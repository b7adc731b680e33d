import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { subset } from '../data/dataset.ts';
import type { GraphOptions } from '../jobs/messages.ts';
import { buildModel } from '../model/build.ts';
import { quantise } from '../model/quantise.ts';
import { DEFAULT_PRIVACY } from '../privacy/accountant.ts';
import { syntheticDigits } from '../synthetic-digits/synthetic.ts';
import { type ImprintOptions, imprintModel, reconstruct, recovered } from '../testing/imprint-attack.ts';
import { createTrainer, type Trainer } from '../train/trainer.ts';
import { privateStep } from './private-training.ts';

const sgd: GraphOptions = {
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
};
const digits = syntheticDigits({ seed: 5, count: 460 });
const range = (from: number, to: number): Uint32Array =>
  Uint32Array.from({ length: to - from }, (_, i) => from + i);

describe('privateStep', () => {
  const constant = { uniform: () => 0.999, normal: () => 1 };
  const everyone = { uniform: () => 0, normal: () => 0 };
  const settings = { learningRate: 0.5, count: 10, expected: 4, clip: 2, noiseMultiplier: 0.25 } as const;

  it('privateStep adds noise of deviation sigma C over the expected batch, even to a step that draws no sample', async () => {
    const state = { parameters: new Float32Array(3), velocity: new Float32Array(3) };
    const nothing = async (_: Float32Array, drawn: readonly number[]) => {
      expect(drawn).toEqual([]);
      return { sum: new Float64Array(3), losses: [] };
    };
    await privateStep(state, { ...settings, optimizer: sgd.optimizer }, nothing, constant);
    expect([...state.parameters]).toEqual([-0.0625, -0.0625, -0.0625]);
  });

  it('privateStep divides by the expected size of the batch, with momentum and weight decay as SGD has them', async () => {
    const state = { parameters: Float32Array.of(1, 2), velocity: Float32Array.of(1, 0) };
    const sum = async (_: Float32Array, drawn: readonly number[]) => {
      expect(drawn).toHaveLength(10);
      return { sum: Float64Array.of(8, -4), losses: drawn.map(() => 1) };
    };
    const optimizer = { kind: 'sgd', momentum: 0.5, weightDecay: 0.1 } as const;
    await privateStep(state, { ...settings, optimizer }, sum, everyone);
    expect(state.velocity[0]).toBeCloseTo(0.5 + 2 + 0.1, 6);
    expect(state.parameters[0]).toBeCloseTo(1 - 0.5 * 2.6, 6);
    expect(state.parameters[1]).toBeCloseTo(2 - 0.5 * (-1 + 0.2), 6);
  });
});

describe('a model opened with privacy settings', () => {
  const { inputShape, classes } = digits;
  const model = buildModel('mlp', { inputShape, classes, seed: 1 });
  const dataset = subset(digits, range(0, 200));
  let plain: Trainer;
  let clipped: Trainer;
  beforeAll(async () => {
    plain = await createTrainer({ model, ...sgd });
    clipped = await createTrainer({ model, ...sgd, privacy: { clip: 0.1, noiseMultiplier: 0 } });
  });
  afterAll(async () => {
    await plain.close();
    await clipped.close();
  });

  it('a model opened with privacy settings moves by no more than the clip allows, for any data', async () => {
    const parameters = plain.initial;
    const options = { parameters, dataset, epochs: 1, batchSize: 200, learningRate: 1, seed: 1 };
    const { delta } = await clipped.train(options);
    // One step over all samples: a mean of vectors of norm 0.1.
    expect(Math.hypot(...delta)).toBeLessThanOrEqual(0.1 * (1 + 1e-4));
    expect(Math.hypot(...delta)).toBeGreaterThan(0.01);
  });

  it('a model opened with privacy settings does plain gradient descent if nothing is clipped and no noise is added', async () => {
    const open = await createTrainer({ model, ...sgd, privacy: { clip: 1e6, noiseMultiplier: 0 } });
    const options = {
      parameters: plain.initial,
      dataset,
      epochs: 2,
      batchSize: 200,
      learningRate: 0.1,
      seed: 1,
    };
    const [a, b] = [await plain.train(options), await open.train(options)];
    await open.close();
    const distance = Math.hypot(...a.delta.map((x, j) => x - b.delta[j]!));
    expect(distance).toBeLessThan(1e-4 * Math.hypot(...a.delta));
  });

  it('a model opened with privacy settings never makes the same update twice', async () => {
    const noisy = await createTrainer({ model, ...sgd, privacy: DEFAULT_PRIVACY });
    const options = {
      parameters: plain.initial,
      dataset,
      epochs: 1,
      batchSize: 64,
      learningRate: 0.1,
      seed: 1,
    };
    const [a, b] = [await noisy.train(options), await noisy.train(options)];
    await noisy.close();
    expect(a.delta).not.toEqual(b.delta);
  });

  it('a model opened with privacy settings refuses an optimiser whose steps are not sums', async () => {
    const optimizer = { kind: 'adam', weightDecay: 0 } as const;
    await expect(createTrainer({ model, ...sgd, optimizer, privacy: DEFAULT_PRIVACY })).rejects.toMatchObject(
      {
        code: 'E_PRIVACY',
      },
    );
  });
});

describe('reading private samples out of one update', () => {
  const values = 28 * 28;
  const secret = subset(digits, range(0, 60));
  const known = subset(digits, range(60, 460));
  const sums = Array.from({ length: known.count }, (_, i) =>
    known.inputs.subarray(i * values, (i + 1) * values).reduce((sum, x) => sum + x, 0),
  ).sort((a, b) => a - b);
  const neurons = 300;
  const thresholds = Array.from(
    { length: neurons },
    (_, k) => sums[Math.floor((k / neurons) * sums.length)]!,
  );

  /** Share of the secret samples that one int16 update gives away, at a correlation above 0.9. */
  async function leak(attack: Partial<ImprintOptions>, options: GraphOptions): Promise<number> {
    const { inputShape, classes } = digits;
    const imprint = imprintModel({ thresholds, inputShape, classes, ...attack });
    const trainer = await createTrainer({ model: imprint.model, ...options });
    const { initial: parameters } = trainer;
    const settings = { parameters, dataset: secret, epochs: 1, batchSize: 60, learningRate: 0.1, seed: 1 };
    const { delta } = await trainer.train(settings);
    await trainer.close();
    const largest = delta.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    const { vector } = quantise(delta, Math.fround(largest / 32767));
    return recovered(secret.inputs, values, reconstruct(vector, imprint), 0.9) / secret.count;
  }

  it('a model that reads private samples out of an update is refused if only known models are allowed', async () => {
    const { inputShape, classes } = digits;
    const foreign = { inputShape, batchSize: 10, knownWith: { classes } };
    const { model } = imprintModel({ thresholds, inputShape, classes });
    await expect(createTrainer({ model, ...sgd, foreign })).rejects.toMatchObject({
      code: 'E_MODEL_PRIVACY',
      hint: expect.stringContaining('training.privacy.models'),
    });
    const known = buildModel('mlp', { inputShape, classes, seed: 3 });
    await (await createTrainer({ model: known, ...sgd, foreign })).close();
  });

  it.each(['staggered', 'binned'] as const)(
    'reading private samples out of one update works without privacy: %s',
    async (kind) => {
      expect(await leak({ kind }, sgd)).toBeGreaterThan(0.7);
    },
  );

  it.each(['staggered', 'binned'] as const)(
    'reading private samples out of one update works if gradients are clipped without noise: %s',
    async (kind) => {
      const privacy = { ...DEFAULT_PRIVACY, noiseMultiplier: 1e-6 };
      expect(await leak({ kind, headScale: 10 }, { ...sgd, privacy })).toBeGreaterThan(0.5);
    },
  );

  // A larger head makes larger gradients: with it the clip binds, and the noise is as small as possible relative to
  // them.
  it.each(
    (['staggered', 'binned'] as const).flatMap((kind) =>
      [1e-3, 10].map((headScale) => ({ kind, headScale })),
    ),
  )('finds next to nothing with the default privacy term: $kind, head $headScale', async (attack) => {
    expect(await leak(attack, { ...sgd, privacy: DEFAULT_PRIVACY })).toBeLessThanOrEqual(0.01);
  });
});
