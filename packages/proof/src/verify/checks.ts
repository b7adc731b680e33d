import { publicSignals, type VerificationKey } from '@chorus/circuits/statement';
import {
  BASE_ORDER,
  G1_GENERATOR,
  isOnCurve,
  negatePoint,
  SCALAR_ORDER,
  type SrsKey,
  srsDigest,
} from '@chorus/commitment/verify';
import { type ContributionProof, describeError, type G1Point, type G2Point } from '@chorus/protocol';
import { inverse, isCanonical, powers, reduce } from '../statement/field.ts';
import { checkStatement, headRows, packedWords, type RoundStatement } from '../statement/statement.ts';
import { foldChallenge, isUsablePoint, matrixChallenges, pointChallenge } from '../statement/transcript.ts';
import type { PairingCurve } from './curve.ts';

/** The condition of each check; a proof holds only if all hold. */
export const CHECKS = {
  'reference string': 'the reference string is the one named, and its points are of the groups',
  statement: 'ids, sizes, weights, shares and commitments are in range',
  'field elements': 'every scalar of the proof is canonical, below p',
  points: 'every point of the proof is canonical and on its curve',
  challenge: 'the opening point z is not 0, 1 or -1',
  'inner product': 'v(z) w(1/z) + w(z) v(1/z) = 2c + z S(z) + S(1/z)/z',
  opening: 'the commitments open to the values sent, and C_A = sum w_i C_i',
  rule: 'the Groth16 proof: weights and shares follow from the committed Gram matrix by the rule',
} as const;

export type CheckName = keyof typeof CHECKS;

export interface CheckResult {
  check: CheckName;
  ok: boolean;
  /** The finding, or why the check failed or could not run. */
  detail?: string;
  milliseconds: number;
}

export interface VerifierKeys {
  srs: SrsKey;
  /** The key of the circuit for the statement's rule and size. */
  verificationKey: VerificationKey;
}

export interface CheckInput extends VerifierKeys {
  statement: RoundStatement;
  proof: ContributionProof;
  /** Leave the Groth16 proof out (the prover's own check of the Gram argument). */
  gramOnly?: boolean;
}

/** Runs every check in order. Checks that build on a failed one do not run, and say so. */
export function runChecks(curve: PairingCurve, input: CheckInput): CheckResult[] {
  const { statement: s, proof, srs, verificationKey, gramOnly } = input;
  const results: CheckResult[] = [];
  const run = (check: CheckName, test: () => string | undefined): void => {
    const start = performance.now();
    const blocker = results.find((r) => !r.ok);
    // Only independent checks can fail together: the last three.
    const standsAlone = blocker === undefined || ['inner product', 'opening'].includes(blocker.check);
    let fault: string | undefined;
    try {
      fault = standsAlone ? test() : `not checked, as "${blocker.check}" failed`;
    } catch (error) {
      fault = describeError(error);
    }
    results.push({
      check,
      ok: fault === undefined,
      ...(fault === undefined ? {} : { detail: fault }),
      milliseconds: performance.now() - start,
    });
  };

  run('reference string', () => {
    if (!isOnCurve(srs.tauG1)) return '[tau]1 is not on the curve';
    if (![srs.g2, srs.tauG2, srs.tau2G2].every((point) => curve.isInG2(point))) return 'a point is not in G2';
    if (srsDigest(srs) !== srs.digest) return `the digest of the points is ${srsDigest(srs)}`;
    return undefined;
  });
  run('statement', () => {
    checkStatement(s);
    return undefined;
  });
  const scalars = { h: proof.gramHash, c: proof.innerProduct };
  run('field elements', () => {
    if (proof.evaluations.length !== 6) return 'there must be six evaluations';
    const bad = [...Object.values(scalars), ...proof.evaluations].find((x) => !isCanonical(x));
    return bad === undefined ? undefined : `not below p: 0x${bad.toString(16)}`;
  });
  run('points', () => {
    const g1 = { cross: proof.cross, quotient: proof.quotient, a: proof.groth16.a, c: proof.groth16.c };
    for (const [name, point] of Object.entries(g1))
      if (!isOnCurve(point)) return `${name} is not on the curve`;
    if (gramOnly) return undefined;
    return curve.isInG2(proof.groth16.b) ? undefined : 'b is not in G2';
  });

  // From here on everything is well-formed; lazily, as the checks above may have failed.
  const challenges = (): Challenges => deriveChallenges(s, proof);
  run('challenge', () => {
    const { z } = challenges();
    return isUsablePoint(z) ? undefined : `z = ${z}`;
  });
  run('inner product', () => {
    const { z } = challenges();
    const [vz, vi, wz, wi, sz, si] = proof.evaluations;
    const left = reduce(vz * wi + wz * vi);
    const right = reduce(2n * proof.innerProduct + z * sz + si * inverse(z));
    return left === right ? undefined : 'the two sides differ';
  });
  run('opening', () => {
    return curve.pairingProductIsOne(openingPairs(curve, s, proof, srs, challenges()))
      ? undefined
      : 'the pairing equation does not hold';
  });
  if (gramOnly) return results;
  run('rule', () => {
    const { alpha, beta } = challenges();
    const words = packedWords(s);
    const inputs = publicSignals({
      alpha,
      beta,
      innerProduct: proof.innerProduct,
      gramHash: proof.gramHash,
      weightWords: words.weights,
      shareWords: words.shares,
    });
    if (verificationKey.nPublic !== inputs.length || verificationKey.IC.length !== inputs.length + 1) {
      return 'the verification key is for another circuit';
    }
    return curve.pairingProductIsOne(groth16Pairs(curve, verificationKey, proof, inputs))
      ? undefined
      : 'the pairing equation does not hold';
  });
  return results;
}

export interface Challenges {
  alpha: bigint;
  beta: bigint;
  z: bigint;
  gamma: bigint;
}

export function deriveChallenges(s: RoundStatement, proof: Omit<ContributionProof, 'groth16'>): Challenges {
  const { seed0, alpha, beta } = matrixChallenges(s, proof.gramHash);
  const { seed1, z } = pointChallenge(s, seed0, proof.innerProduct, proof.cross);
  const { gamma } = foldChallenge(seed1, proof.evaluations);
  return { alpha, beta, z, gamma };
}

/** e(C_F - [r(tau)]1 - C_W, [1]2) e((z + 1/z) C_W, [tau]2) e(-C_W, [tau^2]2) = 1 */
function openingPairs(
  curve: PairingCurve,
  s: RoundStatement,
  proof: ContributionProof,
  srs: SrsKey,
  { alpha, beta, z, gamma }: Challenges,
): [G1Point, G2Point][] {
  const [g2, g3] = [reduce(gamma * gamma), reduce(gamma ** 3n)];
  const [vz, vi, wz, wi, sz, si] = proof.evaluations;
  // E = sum w_i u_i - A, folded in with gamma^3, is zero and opens to zero.
  const atZ = reduce(vz + gamma * wz + g2 * sz);
  const atInverse = reduce(vi + gamma * wi + g2 * si);
  const zi = inverse(z);
  const slope = reduce((atZ - atInverse) * inverse(z - zi));
  const offset = reduce(atZ - slope * z);

  const rows = s.commitments.length;
  const [as, bs] = [powers(alpha, rows), powers(beta, rows)];
  const head = headRows(s.rule);
  const folded = s.commitments.map((_, i) => {
    const weight = i < head ? 0n : BigInt(s.weights[i - head]!);
    return reduce(as[i]! + gamma * bs[i]! + g3 * weight);
  });
  const left = curve.combine(
    [...s.commitments, proof.cross, s.aggregate, srs.tauG1, G1_GENERATOR, proof.quotient],
    [...folded, g2, reduce(-g3), reduce(-slope), reduce(-offset), SCALAR_ORDER - 1n],
  );
  return [
    [left, srs.g2],
    [curve.combine([proof.quotient], [reduce(z + zi)]), srs.tauG2],
    [negatePoint(proof.quotient), srs.tau2G2],
  ];
}

/** Groth 2016, section 3.2: e(A, B) = e(alpha, beta) e(IC(inputs), gamma) e(C, delta). */
function groth16Pairs(
  curve: PairingCurve,
  key: VerificationKey,
  { groth16: { a, b, c } }: ContributionProof,
  inputs: readonly bigint[],
): [G1Point, G2Point][] {
  const g1 = ([x, y]: [string, string, string]): G1Point => ({ x: BigInt(x), y: BigInt(y) });
  const g2 = ([x, y]: VerificationKey['vk_beta_2']): G2Point => ({
    x: [BigInt(x[0]), BigInt(x[1])],
    y: [BigInt(y[0]), BigInt(y[1])],
  });
  return [
    [{ x: a.x, y: a.y === 0n ? 0n : BASE_ORDER - a.y }, b],
    [g1(key.vk_alpha_1), g2(key.vk_beta_2)],
    [curve.combine(key.IC.map(g1), [1n, ...inputs]), g2(key.vk_gamma_2)],
    [c, g2(key.vk_delta_2)],
  ];
}
