import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aggregate, sumReferences } from './aggregate.ts';
import { packShares, packWeights } from './arithmetic/packing.ts';

describe('aggregate', () => {
  it('aggregate is the exact weighted sum', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.integer({ min: 0, max: 4096 }),
            fc.array(fc.integer({ min: -32767, max: 32767 }), { minLength: 9, maxLength: 9 }),
          ),
          { minLength: 1, maxLength: 16 },
        ),
        (pairs) => {
          const weights = pairs.map(([w]) => w);
          const updates = pairs.map(([, u]) => Int16Array.from(u));
          const expected = Array.from({ length: 9 }, (_, k) => pairs.reduce((s, [w, u]) => s + w * u[k]!, 0));
          expect(Array.from(aggregate(updates, weights))).toEqual(expected);
        },
      ),
    );
  });

  it('aggregate reaches its largest magnitude without overflow', () => {
    const a = aggregate([Int16Array.of(32767, -32767)], [65536]);
    expect(Array.from(a)).toEqual([65536 * 32767, -65536 * 32767]);
  });

  it('aggregate leaves missing updates out', () => {
    expect(Array.from(aggregate([null, Int16Array.of(3)], [0, 5]))).toEqual([15]);
  });

  it.each([
    ['fewer weights than updates', [Int16Array.of(1)], []],
    ['no update at all', [null], [0]],
    ['a missing update with weight', [null, Int16Array.of(1)], [1, 1]],
    ['a negative weight', [Int16Array.of(1)], [-1]],
    ['a fractional weight', [Int16Array.of(1)], [0.5]],
    ['weights above 2^16', [Int16Array.of(1), Int16Array.of(1)], [65536, 1]],
    ['unequal lengths', [Int16Array.of(1), Int16Array.of(1, 2)], [1, 1]],
  ])('aggregate refuses %s', (_, updates, weights) => {
    expect(() => aggregate(updates, weights)).toThrowError(
      expect.objectContaining({ code: 'E_AGGREGATE_INPUT' }),
    );
  });
});

describe('sumReferences', () => {
  it('sumReferences adds entry by entry beyond int16', () => {
    const reference = Int16Array.of(32767, -32767, 1);
    expect(Array.from(sumReferences([reference, reference, reference]))).toEqual([98301, -98301, 3]);
  });

  it.each([
    ['none', []],
    ['unequal lengths', [Int16Array.of(1), Int16Array.of(1, 2)]],
    ['sixteen', new Array<Int16Array>(16).fill(Int16Array.of(1))],
  ])('sumReferences refuses %s', (_, references) => {
    expect(() => sumReferences(references)).toThrowError(
      expect.objectContaining({ code: 'E_AGGREGATE_INPUT' }),
    );
  });
});

describe('packing', () => {
  it('packing adds up weights and shares, each at its place of its word', () => {
    const added = (values: number[], bits: bigint, perWord: number) =>
      Array.from({ length: Math.ceil(values.length / perWord) }, (_, k) =>
        values
          .slice(k * perWord, (k + 1) * perWord)
          .reduce((sum, value, j) => sum + BigInt(value) * 2n ** (bits * BigInt(j)), 0n),
      );
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 65536 }), { minLength: 1, maxLength: 64 }), (values) => {
        const shares = values.map((v) => v * 65536);
        expect(packWeights(values)).toEqual(added(values, 17n, 14));
        expect(packShares(shares)).toEqual(added(shares, 33n, 7));
      }),
    );
  });

  it('packing packs the k-th value of a word at bit 17k or 33k', () => {
    expect(packWeights([1, 65536])).toEqual([1n + 65536n * 2n ** 17n]);
    expect(packShares([0, 0, 2 ** 32])).toEqual([2n ** 32n * 2n ** 66n]);
  });

  it('packing refuses values out of range', () => {
    const packing = expect.objectContaining({ code: 'E_PACKING' });
    expect(() => packWeights([65537])).toThrowError(packing);
    expect(() => packShares([-1])).toThrowError(packing);
    expect(() => packShares([2 ** 32 + 1])).toThrowError(packing);
  });
});
