/**
 * The next aggregate as an L-BFGS model of the last ones predicts it, from what is public: the attack ACE on
 * contribution evaluation (Xu et al., USENIX Security 2024). Differences of models are the aggregates themselves.
 *
 * @param aggregates newest first
 * @returns null without any; the last one if there are fewer than three
 */
export function predictAggregate(aggregates: readonly ArrayLike<number>[]): ArrayLike<number> | null {
  const [last, second, third] = aggregates;
  if (!last || !second || !third) return last ?? null;
  const d = last.length;
  const minus = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Float64Array.from({ length: d }, (_, k) => a[k]! - b[k]!);
  const S = [third, second];
  const Y = [minus(second, third), minus(last, second)];
  const sigma = dot(Y[1]!, S[1]!) / (dot(S[1]!, S[1]!) || 1);
  // The compact form of Byrd, Nocedal and Schnabel 1994 for two pairs.
  const SY = S.map((s) => Y.map((y) => dot(s, y)));
  const SS = S.map((a) => S.map((b) => dot(a, b)));
  const M = [
    [-SY[0]![0]!, 0, 0, SY[1]![0]!],
    [0, -SY[1]![1]!, 0, 0],
    [0, 0, sigma * SS[0]![0]!, sigma * SS[0]![1]!],
    [SY[1]![0]!, 0, sigma * SS[1]![0]!, sigma * SS[1]![1]!],
  ];
  const right = [...Y.map((y) => dot(y, last)), ...S.map((s) => sigma * dot(s, last))];
  const q = solve(M, right);
  return Float64Array.from({ length: d }, (_, k) => {
    const correction =
      q[0]! * Y[0]![k]! + q[1]! * Y[1]![k]! + sigma * (q[2]! * S[0]![k]! + q[3]! * S[1]![k]!);
    return last[k]! + sigma * last[k]! - correction;
  });
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}

/** Gaussian elimination with partial pivoting; a column without a pivot counts for nothing. */
function solve(matrix: number[][], right: number[]): number[] {
  const n = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  for (let k = 0; k < n; k++) {
    const at = rows.reduce(
      (best, row, i) => (i >= k && Math.abs(row[k]!) > Math.abs(rows[best]![k]!) ? i : best),
      k,
    );
    [rows[k], rows[at]] = [rows[at]!, rows[k]!];
    if (rows[k]![k] === 0) continue;
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = rows[i]![k]! / rows[k]![k]!;
      for (let j = k; j <= n; j++) rows[i]![j]! -= factor * rows[k]![j]!;
    }
  }
  return rows.map((row, i) => (row[i] === 0 ? 0 : row[n]! / row[i]!));
}
