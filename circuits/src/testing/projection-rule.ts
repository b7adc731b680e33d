import type { GramMatrix } from '../gram.ts';
import { isqrt, lowerMedian } from './rule.ts';

/** The rule's result with every intermediate value, one entry for each trainer. */
export interface ProjectionResult {
  norm: bigint[];
  eligible: boolean[];
  /** beta, by trainer and target. */
  cappedDots: bigint[][];
  /** X, by trainer and target. */
  coefficients: bigint[][];
  gate: bigint[];
  length: bigint[];
  weights: bigint[];
  shares: bigint[];
}

const HEAD_ROWS = 4;

/**
 * `reference-projection` v3, word for word from its definition and by nothing shared with the circuit or with
 * @chorus/aggregation: the third opinion of the tests.
 *
 * @param given - coefficients to take instead of the projections', by trainer and target: what a prover might claim
 */
export function referenceProjection(
  gram: GramMatrix,
  given?: readonly (readonly bigint[])[],
): ProjectionResult {
  const T = gram.slice(HEAD_ROWS).map((_, i) => i);
  const G = (i: number, j: number) => gram[HEAD_ROWS + i]![HEAD_ROWS + j]!;
  const norm = T.map((i) => isqrt(G(i, i)));
  const present = T.map((i) => G(i, i) >= 65536n);
  const g = (k: number, i: number) => gram[k]![HEAD_ROWS + i]!;
  const t = T.map((i) => g(0, i) + g(1, i) + g(2, i));
  const b = T.map((i) => [0, 1, 2].map((k) => t[i]! - g(k, i)));
  const eligible = T.map((i) => present[i]! && b[i]!.every((x) => x > 0n));
  const q = lowerMedian(T.filter((i) => eligible[i]).map((i) => t[i]! / norm[i]!));
  const cappedDots = T.map((i) => b[i]!.map((x) => (eligible[i] ? min(3n * x, 4n * q * norm[i]!) : 0n)));
  const coefficients = given?.map((row) => [...row]) ?? nearest(T, G, eligible, cappedDots);

  const m = lowerMedian(norm.filter((_, i) => present[i]));
  const clip = norm.map((r, i) => (present[i] ? (65536n * min(m, r)) / r : 0n));
  const gate = T.map((i) => (eligible[i] ? (256n * min(6n * max(0n, g(3, i)), t[i]!)) / t[i]! : 0n));
  const pay = T.map((i) => {
    const [x, y, z] = coefficients[i]!.map((X, k) => X * cappedDots[i]![k]!);
    return min(min(x!, y!), z!) * gate[i]! ** 4n;
  });
  const length = T.map((i) => (norm[i]! * sum(coefficients[i]!)) / 2n ** 48n);
  const Q = max(1n, lowerMedian(length.filter((_, i) => present[i])));
  const mass = T.map((i) => ((65536n * min(length[i]!, Q)) / Q) * clip[i]!);
  return {
    norm,
    eligible,
    cappedDots,
    coefficients,
    gate,
    length,
    weights: mass.map((x) => (sum(mass) > 0n ? (65536n * x) / sum(mass) : 0n)),
    shares: pay.map((x) => (sum(pay) > 0n ? (4294967296n * x) / sum(pay) : 0n)),
  };
}

/**
 * The inequalities that the circuit checks of coefficients, in integers: within the tolerance of rounding, they are
 * those of the projections.
 */
export function acceptable(gram: GramMatrix, coefficients: readonly (readonly bigint[])[]): boolean {
  const { norm, eligible, cappedDots } = referenceProjection(gram, coefficients);
  const reach = sum(norm.map((r) => r + 1n));
  return norm.every((r, i) =>
    [0, 1, 2].every((k) => {
      const x = coefficients[i]![k]!;
      if (x < 0n || x >= 1n << 67n) return false;
      if (!eligible[i]) return x === 0n;
      const row = gram[HEAD_ROWS + i]!;
      let s = row[HEAD_ROWS + i]! * x - ((256n * cappedDots[i]![k]!) << 48n);
      for (const [j, c] of coefficients.entries()) s += 256n * row[HEAD_ROWS + j]! * c[k]!;
      const tolerance = 129n * (r + 1n) * reach;
      return s >= -tolerance && (x === 0n || s <= tolerance);
    }),
  );
}

/** round(2^48 a) of each target's nearest non-negative combination, by Murty's rule from nothing, over integers. */
function nearest(
  T: readonly number[],
  G: (i: number, j: number) => bigint,
  eligible: readonly boolean[],
  dots: readonly (readonly bigint[])[],
): bigint[][] {
  const X = T.map(() => [0n, 0n, 0n]);
  const H = (i: number, j: number) => 256n * G(i, j) + (i === j ? G(i, i) : 0n);
  for (const k of [0, 1, 2]) {
    const inside = new Set<number>();
    for (;;) {
      const rows = [...inside];
      const { over, under } = solve(
        rows.map((i) => rows.map((j) => H(i, j))),
        rows.map((i) => 256n * dots[i]![k]!),
      );
      const wrong = T.filter((i) => {
        if (!eligible[i]) return false;
        if (inside.has(i)) return over[rows.indexOf(i)]! < 0n;
        return sum(rows.map((j, at) => H(i, j) * over[at]!)) < 256n * dots[i]![k]! * under;
      });
      const last = wrong.at(-1);
      if (last === undefined) {
        for (const [at, i] of rows.entries()) X[i]![k] = (over[at]! * 2n ** 49n + under) / (2n * under);
        break;
      }
      if (!inside.delete(last)) inside.add(last);
    }
  }
  return X;
}

/** matrix^-1 right = over / under, by Gauss and Jordan without fractions; under is the determinant. */
function solve(
  matrix: readonly (readonly bigint[])[],
  right: readonly bigint[],
): { over: bigint[]; under: bigint } {
  let M = matrix.map((row, i) => [...row, right[i]!]);
  let under = 1n;
  for (const k of matrix.keys()) {
    const pivot = M[k]!;
    M = M.map((row, i) => (i === k ? row : row.map((x, j) => (x * pivot[k]! - row[k]! * pivot[j]!) / under)));
    under = pivot[k]!;
  }
  return { over: M.map((row) => row.at(-1)!), under };
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => a + b, 0n);
}
