import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gramMatrix } from './gram.ts';
import { projectionCoefficients } from './projection.ts';

/**
 * The same coefficients from their definition, by trying every support: Cramer's rule over the integers, cofactors
 * and all, and the one support whose coefficients and slacks are not negative. It shares no code with the source.
 */
function bySearch(gram: bigint[][], dot: bigint[]): bigint[] {
  const n = dot.length;
  const H = gram.map((row, i) => row.map((x, j) => 256n * x + (i === j ? x : 0n)));
  const c = dot.map((x) => 256n * x);
  const determinant = (m: bigint[][]): bigint =>
    m.length === 0
      ? 1n
      : m[0]!.reduce(
          (sum, x, j) =>
            sum + (j % 2 ? -x : x) * determinant(m.slice(1).map((row) => row.filter((_, k) => k !== j))),
          0n,
        );
  for (let bits = 0; bits < 1 << n; bits++) {
    const rows = dot.flatMap((_, i) => ((bits >> i) & 1 ? [i] : []));
    const m = rows.map((i) => rows.map((j) => H[i]![j]!));
    const denominator = determinant(m);
    const x = dot.map((_, i) => {
      const at = rows.indexOf(i);
      return at < 0
        ? 0n
        : determinant(m.map((row, r) => row.map((value, k) => (k === at ? c[rows[r]!]! : value))));
    });
    const slack = dot.map((_, i) =>
      x.reduce((sum, value, j) => sum + H[i]![j]! * value, -c[i]! * denominator),
    );
    if (x.some((value) => value < 0n)) continue;
    if (slack.some((value, i) => (rows.includes(i) ? value !== 0n : value < 0n))) continue;
    return x.map((value) => {
      // floor(2^48 x / denominator + 1/2), by long division in bits.
      const target = (value << 49n) + denominator;
      let quotient = 0n;
      for (let bit = 1n << 80n; bit > 0n; bit >>= 1n) {
        if ((quotient + bit) * 2n * denominator <= target) quotient += bit;
      }
      return quotient;
    });
  }
  throw new Error('no support fits');
}

const vector = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 4, maxLength: 4 });

describe('projectionCoefficients', () => {
  it('projectionCoefficients gives the coefficients of the one support that meets the optimality conditions', () => {
    fc.assert(
      fc.property(fc.array(vector, { minLength: 1, maxLength: 5 }), vector, (vectors, target) => {
        const given = vectors.map((v) => (v.some(Boolean) ? v : [1, 0, 0, 0]));
        const all = gramMatrix([target, ...given].map((v) => Int32Array.from(v)));
        const gram = all.slice(1).map((row) => row.slice(1));
        const dot = all[0]!.slice(1);
        expect(projectionCoefficients(gram, [dot])).toEqual([bySearch(gram, dot)]);
      }),
      { numRuns: 300 },
    );
  });

  it('projectionCoefficients does not depend on the order of up to sixteen vectors, including copies and opposites', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(vector, fc.constantFrom(1, 1, 2, -1)), { minLength: 1, maxLength: 8 }),
        vector,
        fc.infiniteStream(fc.nat()),
        (pairs, target, random) => {
          const vectors = pairs.flatMap(([v, by]) => {
            const u = v.some(Boolean) ? v : [0, 3, 0, 1];
            return [u, u.map((x) => by * x)];
          });
          const order = vectors.map((_, i) => i);
          for (let i = order.length - 1; i > 0; i--) {
            const j = random.next().value % (i + 1);
            [order[i], order[j]] = [order[j]!, order[i]!];
          }
          const solve = (list: number[][]) => {
            const all = gramMatrix([target, ...list].map((v) => Int32Array.from(v)));
            const gram = all.slice(1).map((row) => row.slice(1));
            return projectionCoefficients(gram, [all[0]!.slice(1)])[0]!;
          };
          const plain = solve(vectors);
          expect(solve(order.map((i) => vectors[i]!))).toEqual(order.map((i) => plain[i]));
        },
      ),
    );
  });

  it('projectionCoefficients is exact below float precision: a coefficient of 2^-90, and a slack of 2^-90', () => {
    // Two vectors of squared norm 2^52; the second's dot product is what makes its coefficient 0, plus or minus one.
    const square = 1n << 52n;
    const gram = [
      [square, square - 256n],
      [square - 256n, square],
    ];
    const first = 257n << 40n;
    // With x_1 = 256 first / (257 square): slack of row 2 is 256 (square - 256) x_1 - 256 dot.
    const even = ((square - 256n) * 256n * first) / (257n * square);
    for (const delta of [-1n, 0n, 1n, 2n]) {
      const dot = [first, even + delta];
      expect(projectionCoefficients(gram, [dot])).toEqual([bySearch(gram, dot)]);
    }
  });

  it('projectionCoefficients accepts an empty list of vectors', () => {
    expect(projectionCoefficients([], [[], []])).toEqual([[], []]);
  });

  it('projectionCoefficients refuses a matrix that no vectors have, for any targets', () => {
    const gram = [
      [1n, 2n],
      [2n, 1n],
    ];
    for (const dot of [
      [1n, 1n],
      [0n, 0n],
      [5n, -1n],
    ]) {
      expect(() => projectionCoefficients(gram, [dot])).toThrowError(
        expect.objectContaining({ code: 'E_GRAM_INVALID' }),
      );
    }
  });
});
