import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gramMatrix } from './gram.ts';

function slowly(vectors: readonly (Int16Array | Int32Array)[]): bigint[][] {
  return vectors.map((a) =>
    vectors.map((b) => {
      let sum = 0n;
      for (let k = 0; k < a.length; k++) sum += BigInt(a[k]!) * BigInt(b[k]!);
      return sum;
    }),
  );
}

describe('gramMatrix', () => {
  it('gramMatrix is every inner product, exactly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer(),
        (length, rows, seed) => {
          const vectors = Array.from({ length: rows }, (_, i) =>
            Int16Array.from({ length }, (_, k) => Math.imul(seed + i, k * k + 12345) >> 16),
          );
          expect(gramMatrix(vectors)).toEqual(slowly(vectors));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('gramMatrix stays exact beyond 2^53, with summed references in row 0 at d = 2^22', () => {
    const length = 2 ** 22;
    const reference = new Int32Array(length).fill(15 * 32767);
    reference[0]! -= 1; // odd, so that a rounded float64 sum would show
    const update = new Int16Array(length).fill(-32767);
    const big = 15n * 32767n;
    const g = gramMatrix([reference, update, update]);
    expect(g[0]![0]).toBe(big * big * (2n ** 22n - 1n) + (big - 1n) ** 2n);
    expect(g[0]![1]).toBe(-(big * 32767n * (2n ** 22n - 1n)) - (big - 1n) * 32767n);
    expect(g[1]![2]).toBe(32767n ** 2n * 2n ** 22n);
    expect(g[1]![1]).toBe(g[2]![2]);
  });

  it.each([
    ['no vectors', []],
    ['empty vectors', [new Int16Array(0)]],
    ['unequal lengths', [new Int16Array(3), new Int16Array(4)]],
    ['an entry of 2^20', [Int32Array.of(2 ** 20)]],
    ['69 vectors', new Array<Int16Array>(69).fill(new Int16Array(1))],
  ])('gramMatrix refuses %s', (_, vectors) => {
    expect(() => gramMatrix(vectors)).toThrowError(expect.objectContaining({ code: 'E_GRAM_INPUT' }));
  });
});
