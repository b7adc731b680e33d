import type { Terms } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { epsilonByTerms, privacyLines } from './privacy.ts';

const terms = {
  localEpochs: 8,
  batchSize: 128,
  privacy: { clip: 3_000, noiseMultiplier: 1_000 },
} as Terms;

describe('why, of privacy', () => {
  it('why reports what the privacy terms mean for a trainer with a thousand samples, and what this node has spent', () => {
    const spent = [{ data: 'digits', epsilon: 12.34, trainings: 5, plain: 0 }];
    const own = { models: 'known', minNoise: 0, ownNoise: 0, maxEpsilon: null, delta: 1e-5, spent } as const;
    expect(privacyLines(terms, 5, { ...own, spent })).toEqual([
      expect.stringMatching(
        /clipped at 3, noise of 1 times that.*1,000 samples, epsilon 8\.25 a round, 19 in all 5/,
      ),
      'data digits: epsilon 12.3 spent in 5 trainings (delta 0.00001)',
    ]);
  });

  it('why reports no privacy for plain training, which has no epsilon', () => {
    const { privacy: _, ...plain } = terms;
    expect(epsilonByTerms(plain, 5)).toBeNull();
    expect(privacyLines(plain, 5, null)).toEqual([]);
    expect(privacyLines(null, 5, null)).toEqual([]);
  });
});
