import type { GramMatrix } from '../gram.ts';
import { acceptable, referenceProjection } from './projection-rule.ts';

const HEAD_ROWS = 4;

/**
 * How far a prover can move shares and weights of `reference-projection` with coefficients that the circuit takes.
 *
 * For every trainer and both directions it takes, in each projection, the point of the tolerated region where the
 * linearised share of that trainer is largest. There s = +-tolerance in every row with a positive coefficient, by the
 * sign of H^-1 times the share's slope: on a fixed support that is the exact optimum of the linear program. Rows at
 * zero stay there: within the tolerance they could rise by as little.
 *
 * @returns the largest moves found, in units: of 2^32 for a share, of 2^16 for a weight; and the largest relative move
 *   of a coefficient
 */
export function largestDeviation(gram: GramMatrix): { share: bigint; weight: bigint; coefficient: number } {
  const honest = referenceProjection(gram);
  const { coefficients: X, norm, cappedDots, gate } = honest;
  const T = norm.map((_, i) => i);
  const reach = norm.reduce((sum, r) => sum + r + 1n, 0n);
  const found = { share: 0n, weight: 0n, coefficient: 0 };

  const pay = T.map((i) => X[i]!.map((x, k) => x * cappedDots[i]![k]! * gate[i]! ** 4n));
  const least = pay.map((row) => row.indexOf(row.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))[0]!));
  const total = T.reduce((sum, i) => sum + Number(pay[i]![least[i]!]!), 0);
  if (total === 0) return found;

  const projections = [0, 1, 2].map((k) => {
    const support = T.filter((i) => X[i]![k]! > 0n);
    const H = support.map((i) =>
      support.map((j) => Number((i === j ? 257n : 256n) * gram[HEAD_ROWS + i]![HEAD_ROWS + j]!)),
    );
    return { support, inverse: inverse(H) };
  });

  for (const trainer of T.filter((i) => honest.shares[i]! > 0n)) {
    const share = Number(pay[trainer]![least[trainer]!]!) / total;
    for (const direction of [1, -1]) {
      // A little inside the region, so that rounding does not lead out of it.
      for (const within of [0.999, 0.9]) {
        const moved = X.map((row) => [...row]);
        for (const [k, { support, inverse: M }] of projections.entries()) {
          // The trainer's own pay may be held down by any target, so all three go its way; the others' count where least.
          const slope = support.map((i) => {
            const worth = Number(cappedDots[i]![k]! * gate[i]! ** 4n);
            if (i === trainer) return direction * (1 - share) * worth;
            return least[i] === k ? -direction * share * worth : 0;
          });
          const s = M.map((row, at) => {
            const sign = Math.sign(row.reduce((sum, x, j) => sum + x * slope[j]!, 0));
            return sign * within * Number(129n * (norm[support[at]!]! + 1n) * reach);
          });
          for (const [at, i] of support.entries()) {
            const by = M[at]!.reduce((sum, x, j) => sum + x * s[j]!, 0);
            moved[i]![k]! += BigInt(Math.trunc(by));
          }
        }
        if (!acceptable(gram, moved)) continue;
        const claimed = referenceProjection(gram, moved);
        for (const i of T) {
          found.share = larger(found.share, claimed.shares[i]! - honest.shares[i]!);
          found.weight = larger(found.weight, claimed.weights[i]! - honest.weights[i]!);
          for (const k of [0, 1, 2]) {
            if (X[i]![k]! === 0n) continue;
            const by = Math.abs(Number(moved[i]![k]! - X[i]![k]!)) / Number(X[i]![k]!);
            found.coefficient = Math.max(found.coefficient, by);
          }
        }
        break;
      }
    }
  }
  return found;
}

/** The matrix of the same round with each trainer's vector `by(i)` times as long. */
export function scaledTrainers(gram: GramMatrix, by: (trainer: number) => bigint): GramMatrix {
  const scale = gram.map((_, i) => (i < HEAD_ROWS ? 1n : by(i - HEAD_ROWS)));
  return gram.map((row, i) => row.map((x, j) => x * scale[i]! * scale[j]!));
}

/** The matrix with every dot product of a head row and a trainer divided by `by`: updates that agree less. */
export function towardsReferences(gram: GramMatrix, by: bigint): GramMatrix {
  return gram.map((row, i) => row.map((x, j) => (i < HEAD_ROWS === j < HEAD_ROWS ? x : x / by)));
}

function larger(most: bigint, by: bigint): bigint {
  const size = by < 0n ? -by : by;
  return size > most ? size : most;
}

/** Of a positive definite matrix, in floats, by Gauss and Jordan. */
function inverse(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const M = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let k = 0; k < n; k++) {
    const scale = 1 / M[k]![k]!;
    M[k] = M[k]!.map((x) => x * scale);
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = M[i]![k]!;
      M[i] = M[i]!.map((x, j) => x - factor * M[k]![j]!);
    }
  }
  return M.map((row) => row.slice(n));
}
