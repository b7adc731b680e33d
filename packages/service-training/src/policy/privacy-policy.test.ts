import type { Terms } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type PrivacyConfig, privacyConfigSchema } from '../config/privacy-config.ts';
import { dataEpsilons } from '../privacy/data-epsilon.ts';
import { privacyOf, runOf } from '../privacy/settings.ts';
import { evaluatePrivacy, type PrivacyState } from './privacy-policy.ts';

type TermsOfPrivacy = Pick<Terms, 'batchSize' | 'localEpochs' | 'referenceEpochs' | 'privacy'>;

const plain: TermsOfPrivacy = { batchSize: 50, localEpochs: 2, referenceEpochs: 5 };
const noisy: TermsOfPrivacy = { ...plain, privacy: { clip: 3_000, noiseMultiplier: 1_000 } };

const consider = (config: Partial<PrivacyConfig>, terms: TermsOfPrivacy, state: Partial<PrivacyState> = {}) =>
  evaluatePrivacy({ rounds: 10 }, terms, {
    roles: ['trainer'],
    config: privacyConfigSchema.parse(config),
    samples: 1_000,
    runs: [],
    ...state,
  });

describe('a node whose data is private', () => {
  it('a node trains any model by default', () => {
    expect(consider({}, plain)).toBeNull();
    expect(privacyOf(plain, { ownNoise: 0 })).toBeUndefined();
  });

  it('a node refuses a task with less noise than it requires, and names the setting to change', () => {
    expect(consider({ minNoise: 1 }, noisy)).toBeNull();
    for (const terms of [plain, { ...noisy, privacy: { clip: 3_000, noiseMultiplier: 999 } }]) {
      const refusal = consider({ minNoise: 1 }, terms);
      expect(refusal).toMatchObject({ code: 'E_LIMIT_NOISE', passing: false });
      expect(refusal?.change).toContain('training.privacy.minNoise');
    }
  });

  it('a node trains with its own noise if that is more, and then accepts what it would refuse', () => {
    expect(privacyOf(noisy, { ownNoise: 0.5 })).toEqual({ clip: 3, noiseMultiplier: 1 });
    expect(privacyOf(noisy, { ownNoise: 2 })).toEqual({ clip: 3, noiseMultiplier: 2 });
    expect(privacyOf(plain, { ownNoise: 2 })).toMatchObject({ noiseMultiplier: 2 });
    expect(consider({ minNoise: 1, ownNoise: 1 }, plain)).toBeNull();
  });

  it('a node refuses a task whose rounds could bring its epsilon above the limit', () => {
    expect(consider({ maxEpsilon: 20 }, noisy)).toBeNull();
    const refusal = consider({ maxEpsilon: 2 }, noisy);
    expect(refusal).toMatchObject({ code: 'E_LIMIT_EPSILON', passing: false });
    expect(refusal?.change).toContain('training.privacy.maxEpsilon');
    // Without noise there is no bound, however large the one allowed.
    expect(consider({ maxEpsilon: 1e6 }, plain)).toMatchObject({ code: 'E_LIMIT_EPSILON' });
    expect(consider({ maxEpsilon: 20, ownNoise: 1 }, plain)).toBeNull();
  });

  it('a node counts the epsilon spent before', () => {
    const before = runOf(noisy, { ownNoise: 0 }, { role: 'trainer', samples: 1_000, rounds: 40 });
    expect(consider({ maxEpsilon: 15 }, noisy)).toBeNull();
    expect(consider({ maxEpsilon: 15 }, noisy, { runs: [before] })).toMatchObject({
      code: 'E_LIMIT_EPSILON',
    });
  });

  it('a node counts references of a validator like updates, and nothing for roles without training', () => {
    expect(consider({ maxEpsilon: 8 }, noisy)).toBeNull();
    expect(consider({ maxEpsilon: 8 }, noisy, { roles: ['validator'] })).toMatchObject({
      code: 'E_LIMIT_EPSILON',
    });
    expect(consider({ maxEpsilon: 1, minNoise: 5 }, plain, { roles: ['aggregator'] })).toBeNull();
    expect(consider({ maxEpsilon: 1, minNoise: 5 }, plain, { samples: null })).toBeNull();
  });
});

describe('the epsilon of data', () => {
  const use = {
    data: 'digits',
    taskId: 1n,
    trainings: 3,
    ...runOf(noisy, { ownNoise: 0 }, { role: 'trainer', samples: 1_000, rounds: 3 }),
  };

  it('epsilon adds up over tasks, separately for each data set', () => {
    const [one] = dataEpsilons([use], 1e-5);
    const both = dataEpsilons([use, { ...use, taskId: 2n }, { ...use, data: 'others' }], 1e-5);
    expect(both.map(({ data, trainings }) => [data, trainings])).toEqual([
      ['digits', 6],
      ['others', 3],
    ]);
    expect(both[0]!.epsilon).toBeGreaterThan(one!.epsilon);
    expect(both[1]!.epsilon).toBe(one!.epsilon);
  });

  it('epsilon has no bound once a training had no noise', () => {
    const [sum] = dataEpsilons([use, { ...use, noiseMultiplier: 0, trainings: 1 }], 1e-5);
    expect(sum).toEqual({ data: 'digits', epsilon: Number.POSITIVE_INFINITY, trainings: 4, plain: 1 });
  });
});
