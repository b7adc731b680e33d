import { gramHash } from '@chorus/circuits';
import { combinePoints, DEVELOPMENT_TAU, G1_GENERATOR } from '@chorus/commitment';
import type { G1Point } from '@chorus/protocol';
import type { GramProof } from '../gram/prover.ts';
import { inverse, powers, reduce } from '../statement/field.ts';
import type { RoundStatement } from '../statement/statement.ts';
import { foldChallenge, matrixChallenges, pointChallenge } from '../statement/transcript.ts';

/** Coefficients, constant first, in [0, p). */
type Polynomial = bigint[];

/** f(tau) [1]1: the commitment as computed with tau, which is public for the development string. */
export function commitTo(f: readonly (bigint | number)[]): G1Point {
  return combinePoints(
    [G1_GENERATOR],
    [
      evaluate(
        f.map((x) => BigInt(x)),
        DEVELOPMENT_TAU,
      ),
    ],
  );
}

function evaluate(f: Polynomial, x: bigint): bigint {
  return reduce(f.reduceRight((sum, coefficient) => reduce(sum * x + coefficient), 0n));
}

/**
 * The steps at which a cheating prover departs from the protocol; everything after a change is computed to fit it.
 */
export interface Deviation {
  /** The matrix to hash and claim, instead of the vectors' own. */
  gram?: (honest: bigint[][]) => bigint[][];
  alpha?: bigint;
  beta?: bigint;
  z?: bigint;
  gamma?: bigint;
  innerProduct?: (honest: bigint) => bigint;
  crossTerm?: (honest: Polynomial) => Polynomial;
  /** C_S itself, whatever S is. */
  cross?: G1Point;
  /** Change S(z) so that the inner product identity holds after any other change. */
  fitEvaluation?: boolean;
  quotient?: G1Point;
  /** Number of coefficients of every polynomial, instead of N: with more powers of tau one can commit to more. */
  length?: number;
}

/**
 * The Gram argument straight from docs/explain/proofs.md: big integers, quadratic loops, and commitments by knowing
 * tau. For small N, as the independent reference for the real prover and as the adversary of the verifier.
 */
export function referenceGramProof(
  statement: RoundStatement,
  vectors: readonly (ArrayLike<number | bigint> | null)[],
  cheat: Deviation = {},
): GramProof {
  const { size, rule } = statement;
  const count = statement.commitments.length;
  const N = cheat.length ?? statement.N;
  const rows = Array.from({ length: count }, (_, i) =>
    Array.from({ length: N }, (_, k) => BigInt(vectors[i]?.[k] ?? 0)),
  );
  const product = (a: bigint[], b: bigint[]): bigint => a.reduce((sum, x, k) => sum + x * b[k]!, 0n);
  const honest = rows.map((a) => rows.map((b) => product(a, b)));
  const gram = cheat.gram?.(honest) ?? honest;
  const hash = gramHash(gram, size, rule);

  const derived = matrixChallenges(statement, hash);
  const [alpha, beta] = [cheat.alpha ?? derived.alpha, cheat.beta ?? derived.beta];
  const [as, bs] = [powers(alpha, count), powers(beta, count)];
  const combination = (c: bigint[]): Polynomial =>
    Array.from({ length: N }, (_, k) => reduce(rows.reduce((sum, row, i) => sum + c[i]! * row[k]!, 0n)));
  const [v, w] = [combination(as), combination(bs)];
  const form = reduce(
    gram.reduce((sum, row, i) => sum + row.reduce((s, g, j) => s + as[i]! * bs[j]! * g, 0n), 0n),
  );
  const innerProduct = cheat.innerProduct?.(form) ?? form;

  // The coefficient of X^k in v(X) w(1/X) + w(X) v(1/X), k > 0, is S's coefficient of X^(k-1).
  const honestS = Array.from({ length: N }, (_, at) => {
    let sum = 0n;
    for (let j = 0; j + at + 1 < N; j++) sum += v[j + at + 1]! * w[j]! + w[j + at + 1]! * v[j]!;
    return reduce(sum);
  });
  const s = cheat.crossTerm?.(honestS) ?? honestS;
  const cross = cheat.cross ?? commitTo(s);

  const point = pointChallenge(statement, derived.seed0, innerProduct, cross);
  const z = cheat.z ?? point.z;
  const zi = inverse(z);
  const evaluations: GramProof['evaluations'] = [
    evaluate(v, z),
    evaluate(v, zi),
    evaluate(w, z),
    evaluate(w, zi),
    evaluate(s, z),
    evaluate(s, zi),
  ];
  if (cheat.fitEvaluation) {
    const [vz, vi, wz, wi, , si] = evaluations;
    evaluations[4] = reduce((vz * wi + wz * vi - 2n * innerProduct - zi * si) * zi);
  }
  const gamma = cheat.gamma ?? foldChallenge(point.seed1, evaluations).gamma;
  const folded = v.map((x, k) => reduce(x + gamma * w[k]! + gamma * gamma * s[k]!));
  const quotient = cheat.quotient ?? commitTo(divide(divide(folded, z), zi));
  return { gramHash: hash, innerProduct, cross, quotient, evaluations };
}

/** The quotient of f by (X - x), leaving the remainder out. */
function divide(f: Polynomial, x: bigint): Polynomial {
  const quotient: Polynomial = [];
  let carry = 0n;
  for (let k = f.length - 1; k > 0; k--) {
    carry = reduce(f[k]! + carry * x);
    quotient[k - 1] = carry;
  }
  return quotient;
}
