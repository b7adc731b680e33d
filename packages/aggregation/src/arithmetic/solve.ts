/** The solution of a linear system: `x_i = numerators[i] / denominator`, the denominator positive. */
export interface ExactSolution {
  numerators: bigint[];
  denominator: bigint;
}

/**
 * Solve `matrix x = right` exactly, for a symmetric matrix of integers, without fractions (E. H. Bareiss, "Sylvester's
 * identity and multistep integer-preserving Gaussian elimination", 1968). Every intermediate number is a minor of the
 * matrix, so numbers grow linearly with its size, and every division is exact.
 *
 * @returns undefined if the matrix is not positive definite
 */
export function solveExactly(
  matrix: readonly (readonly bigint[])[],
  right: readonly bigint[],
): ExactSolution | undefined {
  const n = right.length;
  // Elimination keeps the matrix symmetric: only entries on and above the diagonal are computed.
  const rows = matrix.map((row, i) => [...row.slice(i), right[i]!]);
  let previous = 1n;
  for (let k = 0; k < n; k++) {
    const pivotRow = rows[k]!;
    const pivot = pivotRow[0]!;
    // The leading minors: all positive exactly if the matrix is positive definite.
    if (pivot <= 0n) return undefined;
    for (let i = k + 1; i < n; i++) {
      const row = rows[i]!;
      const factor = pivotRow[i - k]!;
      for (let j = i; j <= n; j++) {
        row[j - i] = (row[j - i]! * pivot - pivotRow[j - k]! * factor) / previous;
      }
    }
    previous = pivot;
  }
  const denominator = previous;
  const numerators = new Array<bigint>(n).fill(0n);
  for (let i = n - 1; i >= 0; i--) {
    const row = rows[i]!;
    let rest = row[n - i]! * denominator;
    for (let j = i + 1; j < n; j++) rest -= row[j - i]! * numerators[j]!;
    numerators[i] = rest / row[0]!;
  }
  return { numerators, denominator };
}
