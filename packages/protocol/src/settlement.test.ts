import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paidShares, pointFromBytes, pointToBytes } from './settlement.ts';

const SHARE_ONE = 2 ** 32;

describe('paidShares', () => {
  it('paidShares drops shares below the minimum part of the equal share of those that take part', () => {
    // A quarter of a third of 2^32 is 357,913,941.33.
    expect(paidShares([357_913_942, 357_913_941, 0], 3, 2500)).toEqual([357_913_942, 0, 0]);
    expect(paidShares([SHARE_ONE / 8, SHARE_ONE / 8 - 1], 2, 2500)).toEqual([SHARE_ONE / 8, 0]);
  });

  it('paidShares is exact, and pays every proven share if the task has no minimum', () => {
    const share = fc.integer({ min: 0, max: SHARE_ONE });
    fc.assert(
      fc.property(share, fc.integer({ min: 1, max: 16 }), fc.integer({ min: 0, max: 5000 }), (s, n, bps) => {
        const small = BigInt(s) * BigInt(n) * 10_000n < BigInt(bps) << 32n;
        expect(paidShares([s], n, bps)).toEqual([small ? 0 : s]);
        expect(paidShares([s], n, 0)).toEqual([s]);
      }),
    );
  });
});

describe('a point as bytes', () => {
  it('a point round-trips as bytes, and one that does not fit is refused', () => {
    const coordinate = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
    fc.assert(
      fc.property(coordinate, coordinate, (x, y) => {
        expect(pointFromBytes(pointToBytes({ x, y }))).toEqual({ x, y });
      }),
    );
    for (const x of [-1n, 2n ** 256n]) expect(() => pointToBytes({ x, y: 0n })).toThrow(RangeError);
  });
});
