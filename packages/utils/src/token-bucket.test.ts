import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

describe('the token bucket', () => {
  test('the token bucket gives no more than its rate and its savings, for any pattern of calls', () => {
    const steps = fc.array(
      fc.record({ pass: fc.integer({ min: 0, max: 2_000 }), want: fc.integer({ min: 1, max: 500 }) }),
    );
    fc.assert(
      fc.property(steps, (asked) => {
        let now = 0;
        const bucket = new TokenBucket(1_000, 250, () => now);
        let taken = 0;
        for (const { pass, want } of asked) {
          now += pass;
          if (bucket.waitMs() > 0) continue;
          bucket.take(want);
          taken += want;
          // The last taker may overdraw it.
          expect(taken).toBeLessThanOrEqual(250 + now + want);
        }
      }),
    );
  });

  test('the token bucket has tokens after the wait that it names', () => {
    let now = 0;
    const bucket = new TokenBucket(1_000, 100, () => now);
    const wait = bucket.take(600);
    expect(wait).toBeGreaterThanOrEqual(500);
    now += wait - 2;
    expect(bucket.waitMs()).toBeGreaterThan(0);
    now += 2;
    expect(bucket.waitMs()).toBe(0);
  });

  test('the token bucket refuses a rate or burst of zero', () => {
    expect(() => new TokenBucket(0)).toThrow(RangeError);
    expect(() => new TokenBucket(10, 0)).toThrow(RangeError);
    expect(() => new TokenBucket(Number.NaN)).toThrow(RangeError);
  });
});
