import { randomNumbers } from '@chorus/language-models/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TokenSampling } from '../jobs/language-messages.ts';
import { DEFAULT_SAMPLING } from '../language-checks.ts';
import { chooseToken } from './choose.ts';
import { MOST_NOISE, neededNoise } from './needed-noise.ts';

const sampling = (changes: Partial<TokenSampling> = {}): TokenSampling => ({
  ...DEFAULT_SAMPLING,
  seed: 1,
  ...changes,
});
const some = fc.record({
  temperature: fc.constantFrom(0, 0.3, 0.7, 1, 2),
  topP: fc.constantFrom(1, 0.95, 0.5, 0.1),
  topK: fc.constantFrom(0, 1, 5, 40),
  minP: fc.constantFrom(0, 0.05),
});
/** Logits as models have them: a few likely tokens, many unlikely ones. */
const logitsOf = (seed: number, count = 200) => {
  const next = randomNumbers(seed);
  return Float32Array.from({ length: count }, () => 4 * Math.log(next() + 1e-6) + 6 * next());
};

describe('the noise that a token needs', () => {
  it('is never more than the logits it was drawn from are off', () => {
    fc.assert(
      fc.property(
        fc.nat(1e6),
        some,
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        fc.constantFrom(0.001, 0.01, 0.1, 0.5, 2),
        (seed, how, chance, off) => {
          const logits = logitsOf(seed);
          const next = randomNumbers(seed + 1);
          const other = logits.map((logit) => logit + off * (2 * next() - 1));
          const token = chooseToken(other, sampling(how), chance);
          // Rounding of float32, and of the ranking's weights.
          expect(neededNoise(logits, sampling(how), chance, token)).toBeLessThanOrEqual(off + 1e-5);
        },
      ),
      { numRuns: 5000, seed: 7 },
    );
  });

  it('is zero for the token that is drawn, and some for others', () => {
    const logits = Float32Array.from([3, 2, 1, -20]);
    for (const chance of [0, 0.3, 0.7, 0.95]) {
      const drawn = chooseToken(logits, sampling(), chance);
      for (const token of [0, 1, 2, 3]) {
        const noise = neededNoise(logits, sampling(), chance, token);
        if (token === drawn) expect(noise).toBe(0);
        else expect(noise).toBeGreaterThan(0.01);
      }
    }
    // The most likely one is half of the way from the next one.
    expect(neededNoise(logits, sampling({ temperature: 0 }), 0, 1)).toBe(0.5);
    expect(neededNoise(logits, sampling(), 0.1, 3)).toBe(MOST_NOISE);
  });

  it('of random tokens is large: they are not drawn by chance', () => {
    const next = randomNumbers(3);
    for (const how of [{ temperature: 0.7, topP: 0.95 }, { temperature: 1 }, { temperature: 0 }]) {
      let sum = 0;
      for (let seed = 0; seed < 200; seed++) {
        const token = Math.floor(next() * 200);
        sum += neededNoise(logitsOf(seed), sampling(how), next(), token);
      }
      expect(sum / 200).toBeGreaterThan(1);
    }
  });
});
