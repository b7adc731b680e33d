import { ChorusError } from '@chorus/protocol';
import { solveExactly } from './solve.ts';

/** Fractional bits of a coefficient: X = 2^48 a. */
export const COEFFICIENT_BITS = 48n;

/** The ridge is 1/256 of each squared norm: it makes the projection unique, and a copy worthless. */
export const RIDGE = 256n;

/**
 * The non-negative combination of vectors nearest to a target, as integers: X_i = floor(2^48 a_i + 1/2), where a is
 * the one minimiser over a >= 0 of
 *
 *     a'(G + diag(G) / 256) a / 2 - dot'a.
 *
 * The result is exact, so it does not depend on the search: floats only guess which coefficients are positive. The
 * guess is then pivoted over rationals until the optimality conditions hold exactly (all coefficients and all slacks
 * non-negative), which only the minimiser meets.
 *
 * @param gram inner products of the vectors, G_ii > 0
 * @param dots each vector's inner product with the target
 * @throws ChorusError `E_GRAM_INVALID` if the problem is not strictly convex: no vectors have this matrix
 */
export function projectionCoefficients(
  gram: readonly (readonly bigint[])[],
  dots: readonly (readonly bigint[])[],
): bigint[][] {
  const matrix = gram.map((row, i) => row.map((x, j) => RIDGE * x + (i === j ? x : 0n)));
  if (
    solveExactly(
      matrix,
      gram.map(() => 0n),
    ) === undefined
  ) {
    throw new ChorusError('E_GRAM_INVALID', 'the Gram matrix is not positive: no vectors have it', {
      facts: { rows: gram.length },
      hint: 'compute it from the payloads of this round, as integers',
    });
  }
  return dots.map((dot) =>
    nearest(
      matrix,
      dot.map((x) => RIDGE * x),
    ),
  );
}

/** round(2^48 a) for the one a >= 0 with H a - c >= 0 and a_i (H a - c)_i = 0; H positive definite. */
function nearest(H: readonly (readonly bigint[])[], c: readonly bigint[]): bigint[] {
  const all = c.map((_, i) => i);
  let coefficients: bigint[] = [];
  let denominator = 1n;
  pivot(guess(H, c), (support) => {
    const rows = all.filter((i) => support[i]);
    const solution = solveExactly(
      rows.map((i) => rows.map((j) => H[i]![j]!)),
      rows.map((i) => c[i]!),
    )!;
    coefficients = all.map((i) => (support[i] ? solution.numerators[rows.indexOf(i)]! : 0n));
    denominator = solution.denominator;
    return all.filter((i) => {
      if (support[i]) return coefficients[i]! < 0n;
      const slack = rows.reduce((sum, j) => sum + H[i]![j]! * coefficients[j]!, -c[i]! * denominator);
      return slack < 0n;
    });
  });
  return coefficients.map((x) => ((x << (COEFFICIENT_BITS + 1n)) + denominator) / (2n * denominator));
}

/**
 * Principal pivoting: `infeasible` gives the indices whose coefficient (in the support) or slack (outside it) is
 * negative, and they change sides until no such index is left.
 *
 * All of them change at once while that lowers the count. If it does not, only the last one changes: Murty's rule,
 * which terminates from every start for a positive definite matrix. Once it has lowered the count, all change at once
 * again. So the pivoting terminates. (Murty 1974; Kostreva 1978; Judice and Pires 1994.)
 *
 * @param support changed in place, and returned
 */
function pivot(
  support: boolean[],
  infeasible: (support: readonly boolean[]) => number[],
  steps = Number.POSITIVE_INFINITY,
): boolean[] {
  let fewest = Number.POSITIVE_INFINITY;
  let patience = 0;
  for (let step = 0; step < steps; step++) {
    const wrong = infeasible(support);
    if (wrong.length === 0) return support;
    if (wrong.length < fewest) {
      fewest = wrong.length;
      patience = 3;
    } else {
      patience--;
    }
    for (const i of patience > 0 ? wrong : wrong.slice(-1)) support[i] = !support[i];
  }
  return support;
}

/** Which coefficients are positive, by the same pivoting in floats: a guess that rounding may spoil. */
function guess(H: readonly (readonly bigint[])[], c: readonly bigint[]): boolean[] {
  const scale = H.map((row, i) => 1 / Math.sqrt(Number(row[i]!)));
  const M = H.map((row, i) => row.map((x, j) => Number(x) * scale[i]! * scale[j]!));
  const b = c.map((x, i) => Number(x) * scale[i]!);
  return pivot(
    c.map(() => true),
    (support) => {
      const rows = b.flatMap((_, i) => (support[i] ? [i] : []));
      const x = solveInFloats(
        rows.map((i) => rows.map((j) => M[i]![j]!)),
        rows.map((i) => b[i]!),
      );
      return b.flatMap((target, i) => {
        const at = rows.indexOf(i);
        const value = at >= 0 ? x[at]! : rows.reduce((sum, j, k) => sum + M[i]![j]! * x[k]!, -target);
        return value < 0 ? [i] : [];
      });
    },
    4 * c.length,
  );
}

/** M^-1 b by Gaussian elimination without pivoting, for a positive definite M. */
function solveInFloats(M: number[][], b: number[]): number[] {
  const n = b.length;
  for (let k = 0; k < n; k++) {
    for (let i = k + 1; i < n; i++) {
      const factor = M[i]![k]! / M[k]![k]!;
      for (let j = k; j < n; j++) M[i]![j]! -= factor * M[k]![j]!;
      b[i]! -= factor * b[k]!;
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let j = i + 1; j < n; j++) b[i]! -= M[i]![j]! * b[j]!;
    b[i]! /= M[i]![i]!;
  }
  return b;
}
