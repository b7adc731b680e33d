import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, scores } from './rank.ts';

const candidate = (changes: Partial<Candidate> = {}): Candidate => ({
  relevance: 1,
  price: null,
  latencyMs: 50,
  reputation: null,
  ...changes,
});
const totals = (...candidates: Candidate[]) => scores(candidates).map(({ total }) => total);

describe('scores of agents', () => {
  it('a better fit, a lower price and a quicker answer each count', () => {
    const [fit, less] = totals(candidate(), candidate({ relevance: 0.4 }));
    expect(fit).toBeGreaterThan(less!);
    const [free, cheap, dear] = totals(candidate(), candidate({ price: 10n }), candidate({ price: 30n }));
    expect(free).toBe(cheap);
    expect(cheap).toBeGreaterThan(dear!);
    expect(totals(candidate({ price: 'other' }))[0]).toBeLessThan(dear!);
    const [quick, slow] = totals(candidate(), candidate({ latencyMs: 900 }));
    expect(quick).toBeGreaterThan(slow!);
    const [praised, unknown, blamed] = totals(
      candidate({ reputation: { score: 90, raters: 2 } }),
      candidate(),
      candidate({ reputation: { score: 20, raters: 2 } }),
    );
    expect(praised).toBeGreaterThan(unknown!);
    expect(unknown).toBeGreaterThan(blamed!);
  });

  it('no agent can leave the scale, whatever it claims, and the parts add up', () => {
    const any = fc.record({
      relevance: fc.double({ min: -5, max: 5, noNaN: true }),
      price: fc.oneof(fc.constant('other' as const), fc.option(fc.bigInt({ min: 0n, max: 2n ** 200n }))),
      latencyMs: fc.double({ min: -1e9, max: 1e12, noNaN: true }),
      reputation: fc.option(
        fc.record({ score: fc.double({ min: -1e3, max: 1e3, noNaN: true }), raters: fc.nat() }),
      ),
    });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 8 }), (candidates) => {
        for (const { total, parts } of scores(candidates)) {
          const sum = parts.reduce((all, { weight, value }) => all + weight * value, 0);
          expect(Math.abs(total - sum)).toBeLessThan(0.3);
          expect(total).toBeGreaterThanOrEqual(0);
          expect(total).toBeLessThanOrEqual(100);
        }
      }),
    );
  });

  it('an agent’s score does not depend on the order in which agents are given', () => {
    const list = [
      candidate({ price: 5n }),
      candidate({ relevance: 0.3 }),
      candidate({ latencyMs: 700, price: 9n }),
    ];
    expect(totals(...list)).toEqual(totals(...list.toReversed()).toReversed());
  });
});
