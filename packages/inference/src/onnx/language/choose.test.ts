import { randomNumbers } from '@chorus/language-models/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TokenSampling } from '../jobs/language-messages.ts';
import { DEFAULT_SAMPLING } from '../language-checks.ts';
import { adjustLogits } from './adjust.ts';
import { chooseToken } from './choose.ts';
import { scoredToken } from './logprobs.ts';
import { uniform } from './uniform.ts';

const sampling = (changes: Partial<TokenSampling> = {}): TokenSampling => ({
  ...DEFAULT_SAMPLING,
  seed: 1,
  ...changes,
});

/** The definition, by sorting everything. */
function plainly(
  logits: Float32Array,
  { temperature, topK, topP, minP }: TokenSampling,
  chance: number,
): number {
  const most = Math.max(...logits);
  let kept = Array.from(logits, (logit, id) => ({
    id,
    weight: Math.exp((logit - most) / temperature),
    logit,
  }))
    .sort((a, b) => b.logit - a.logit || a.id - b.id)
    .slice(0, topK > 0 ? topK : logits.length);
  kept = kept.filter(({ weight }) => weight >= minP);
  const whole = kept.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  const end = kept.findIndex(({ weight }) => {
    sum += weight;
    return sum >= topP * whole;
  });
  kept = kept.slice(0, end < 0 ? kept.length : end + 1);
  let rest = chance * kept.reduce((total, { weight }) => total + weight, 0);
  for (const { id, weight } of kept) {
    rest -= weight;
    if (rest < 0) return id;
  }
  return kept.at(-1)!.id;
}

describe('the choice of a token', () => {
  it('is that of the definition', () => {
    const settings = fc.record({
      temperature: fc.constantFrom(0.3, 0.8, 1, 2),
      topK: fc.constantFrom(0, 1, 5, 40),
      topP: fc.constantFrom(0, 0.5, 0.95, 1),
      minP: fc.constantFrom(0, 0.05, 1),
    });
    fc.assert(
      fc.property(settings, fc.nat(1e6), (changes, seed) => {
        const next = randomNumbers(seed);
        // Some equal ones, too.
        const logits = Float32Array.from({ length: 300 }, () => Math.round(next() * 400) / 40);
        const chosen = sampling(changes);
        for (let i = 0; i < 5; i++) {
          const chance = next();
          expect(chooseToken(logits, chosen, chance)).toBe(plainly(logits, chosen, chance));
        }
      }),
    );
  });

  it('takes the most likely token, of equal ones the first, without a temperature', () => {
    expect(chooseToken(Float32Array.of(1, 3, 3, 2), sampling({ temperature: 0 }), 0.99)).toBe(1);
  });

  it('takes every token as often as its share says', () => {
    const logits = Float32Array.from([0.5, 0.3, 0.15, 0.05], Math.log);
    const counts = [0, 0, 0, 0];
    for (let place = 0; place < 20_000; place++)
      counts[chooseToken(logits, sampling(), uniform(7, place))]!++;
    for (const [i, share] of [0.5, 0.3, 0.15, 0.05].entries())
      expect(counts[i]! / 20_000).toBeCloseTo(share, 1.5);
  });

  it('never takes a token with a bias of minus infinity, and always one with a bias of 100', () => {
    const biased = (bias: [number, number][]) => {
      const logits = Float32Array.of(9, 1, 1);
      const chosen = sampling({ logitBias: new Map(bias) });
      adjustLogits(logits, chosen, { read: new Set(), written: new Map() });
      return chooseToken(logits, chosen, 0.5);
    };
    expect(
      biased([
        [0, Number.NEGATIVE_INFINITY],
        [1, -100],
      ]),
    ).toBe(2);
    expect(biased([[1, 100]])).toBe(1);
    expect(biased([[99, 100]])).toBe(0);
  });

  it('takes penalties off what was read and written', () => {
    const logits = Float32Array.of(4, -4, 2, 1);
    const seen = { read: new Set([0, 1]), written: new Map([[2, 3]]) };
    adjustLogits(
      logits,
      sampling({ repetitionPenalty: 2, presencePenalty: 0.5, frequencyPenalty: 0.25 }),
      seen,
    );
    expect([...logits]).toEqual([2, -8, 1 - 0.5 - 0.75, 1]);
  });

  it('refuses logits that are not numbers', () => {
    const failure = expect.objectContaining({ code: 'E_MODEL_VALUE' });
    expect(() => chooseToken(Float32Array.of(1, Number.NaN), sampling(), 0)).toThrow(failure);
    expect(() => chooseToken(Float32Array.of(Number.NaN, 1), sampling(), 0)).toThrow(failure);
    expect(() => chooseToken(Float32Array.of(Number.POSITIVE_INFINITY, 1), sampling(), 0)).toThrow(failure);
  });
});

describe('numbers by chance', () => {
  it('depend on seed and place alone, and are spread evenly', () => {
    expect(uniform(5, 9)).toBe(uniform(5, 9));
    const all = Array.from({ length: 10_000 }, (_, i) => uniform(i % 100, Math.floor(i / 100)));
    expect(new Set(all).size).toBe(10_000);
    for (const part of [0, 1, 2, 3]) {
      const count = all.filter((x) => Math.floor(x * 4) === part).length;
      expect(Math.abs(count - 2500)).toBeLessThan(150);
    }
    expect(uniform(2 ** 40 + 1, 3)).not.toBe(uniform(1, 3));
  });
});

describe('probabilities', () => {
  it('are the logarithms of the softmax, with the most likely ones first', () => {
    const logits = Float32Array.from([0.5, 0.1, 0.15, 0.25], (share) => Math.log(share) + 3);
    const names = { bytes: (id: number) => Uint8Array.of(id), controlName: () => null };
    const { logprob, top } = scoredToken(names, 1, logits, 2);
    expect(Math.exp(logprob!)).toBeCloseTo(0.1, 6);
    expect(top.map(({ id }) => id)).toEqual([0, 3]);
    expect(Math.exp(top[1]!.logprob)).toBeCloseTo(0.25, 6);
    expect(scoredToken(names, 0, logits, 0).top).toEqual([]);
    expect(scoredToken(names, 0, null, 2)).toEqual({
      id: 0,
      bytes: Uint8Array.of(0),
      name: null,
      logprob: null,
      top: [],
    });
  });
});
