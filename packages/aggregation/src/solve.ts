/** The solution of a linear system: `x_i = numerators[i] / denominator`, the denominator positive. */
export interface ExactSolution {
  numerators: bigint[];
  denominator: bigint;
}

/**
 * Solve `matrix x = right` exactly, for a symmetric positive definite matrix of integers, without fractions
 * (E. H. Bareiss, "Sylvester's identity and multistep integer-preserving Gaussian elimination", 1968). Every
 * intermediate number is a minor of the matrix, so numbers grow linearly with its size, and every division is exact.
 */
export function solveExactly(
  matrix: readonly (readonly bigint[])[],
  right: readonly bigint[],
): ExactSolution {
  const n = right.length;
  // Elimination keeps the matrix symmetric: only what lies on and above the diagonal is worked out.
  const rows = matrix.map((row, i) => [...row.slice(i), right[i]!]);
  let previous = 1n;
  for (let k = 0; k < n - 1; k++) {
    const pivotRow = rows[k]!;
    const pivot = pivotRow[0]!;
    for (let i = k + 1; i < n; i++) {
      const row = rows[i]!;
      const factor = pivotRow[i - k]!;
      for (let j = i; j <= n; j++) {
        row[j - i] = (row[j - i]! * pivot - pivotRow[j - k]! * factor) / previous;
      }
    }
    previous = pivot;
  }
  if (n === 0) return { numerators: [], denominator: 1n };
  const denominator = rows[n - 1]![0]!;
  const numerators = new Array<bigint>(n).fill(0n);
  for (let i = n - 1; i >= 0; i--) {
    const row = rows[i]!;
    let sum = row[n - i]! * denominator;
    for (let j = i + 1; j < n; j++) sum -= row[j - i]! * numerators[j]!;
    numerators[i] = sum / row[0]!;
  }
  return { numerators, denominator };
}
