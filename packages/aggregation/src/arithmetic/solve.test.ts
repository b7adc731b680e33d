import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { solveExactly } from './solve.ts';

describe('solveExactly', () => {
  it('solveExactly solves systems of integers exactly', () => {
    const square = fc.integer({ min: 1, max: 7 }).chain((n) =>
      fc.tuple(
        fc.array(fc.array(fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }), { minLength: n, maxLength: n }), {
          minLength: n,
          maxLength: n,
        }),
        fc.array(fc.bigInt({ min: -(2n ** 50n), max: 2n ** 50n }), { minLength: n, maxLength: n }),
      ),
    );
    fc.assert(
      fc.property(square, ([rows, right]) => {
        // B B' + I is symmetric and positive definite.
        const matrix = rows.map((a, i) =>
          rows.map((b, j) => a.reduce((sum, x, k) => sum + x * b[k]!, i === j ? 1n : 0n)),
        );
        const { numerators, denominator } = solveExactly(matrix, right)!;
        expect(denominator > 0n).toBe(true);
        matrix.forEach((row, i) => {
          expect(row.reduce((sum, a, j) => sum + a * numerators[j]!, 0n)).toBe(right[i]! * denominator);
        });
      }),
    );
  });

  it('solveExactly reports a matrix that is not positive definite', () => {
    expect(
      solveExactly(
        [
          [1n, 2n],
          [2n, 4n],
        ],
        [0n, 0n],
      ),
    ).toBeUndefined();
    expect(solveExactly([[-1n]], [3n])).toBeUndefined();
  });

  it('solveExactly returns an empty solution for an empty system', () => {
    expect(solveExactly([], [])).toEqual({ numerators: [], denominator: 1n });
  });
});
