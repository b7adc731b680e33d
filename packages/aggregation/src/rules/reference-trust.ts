import { SHARE_ONE, WEIGHT_ONE } from '@chorus/protocol';
import { isqrt, lowerMedian, minimum } from '../arithmetic/integers.ts';
import {
  checkGram,
  type GramShape,
  type Reason,
  type Rule,
  type RuleResult,
  type TrustExplanation,
  type TrustRow,
} from './rule.ts';

/** The value 1 of the fixed-point numbers clip and trust. */
const ONE = BigInt(WEIGHT_ONE);
/** Full trust begins at half the median cosine: trust = min(1, 2 * cos / q). */
const TRUST_SLOPE = 2n * ONE;
const ALL_SHARES = BigInt(SHARE_ONE);

/** 15 summed references at d = 2^22 stay below 2^60. */
const SHAPE: GramShape = { headRows: 1, headLimit: 1n << 62n, limit: 1n << 62n };

/**
 * `reference-trust` v1, the rule of docs/explain/proofs.md in integers; the circuit and the contracts' vectors agree
 * with it bit for bit.
 *
 * - A norm above the lower median is scaled down to it, so a scaled update gains nothing.
 * - An update whose inner product with the reference (a descent direction of the validation loss) is not
 *   positive counts for nothing.
 * - Trust is full from half the median cosine upwards and fades to nothing below, so that honest trainers
 *   with unusual data keep their weight. Weights are proportional to trust * clip.
 * - Shares are proportional to dot * clip, the first-order drop in validation loss by the clipped update; in
 *   the linearised game this is exactly the Shapley value.
 *
 * Related: FLTrust (Cao et al., NDSS 2021) for trust by cosine with a server's reference.
 *
 * @param gram (n+1) x (n+1), row 0 the reference
 * @throws ChorusError `E_GRAM_INVALID`
 * @example
 * referenceTrust([[4n, 2n], [2n, 1n]]).weights; // [65536]
 */
export function referenceTrust(gram: readonly (readonly bigint[])[]): RuleResult<TrustExplanation> {
  checkGram(gram, SHAPE);
  const trainers = Array.from({ length: gram.length - 1 }, (_, i) => {
    const square = gram[i + 1]![i + 1]!;
    const towards = gram[0]![i + 1]!;
    const norm = isqrt(square);
    const dot = towards > 0n ? towards : 0n;
    return { present: square > 0n, norm, dot, cosine: square > 0n ? dot / norm : 0n };
  });
  const present = trainers.filter((t) => t.present);
  const medianNorm = lowerMedian(present.map((t) => t.norm)) ?? 0n;
  const medianCosine = lowerMedian(present.map((t) => t.cosine)) ?? 0n;

  const scored = trainers.map((t) => {
    const clip = t.present ? minimum(ONE, (ONE * medianNorm) / t.norm) : 0n;
    const trust = trustOf(t.cosine, medianCosine);
    return { ...t, clip, trust, mass: trust * clip, score: t.dot * clip };
  });
  const totalMass = scored.reduce((sum, t) => sum + t.mass, 0n);
  const totalScore = scored.reduce((sum, t) => sum + t.score, 0n);

  const hasReference = gram[0]![0]! > 0n;
  const rows = scored.map((t): TrustRow => {
    const weight = totalMass > 0n ? (ONE * t.mass) / totalMass : 0n;
    const share = totalScore > 0n ? (ALL_SHARES * t.score) / totalScore : 0n;
    return {
      present: t.present,
      norm: Number(t.norm),
      clip: Number(t.clip),
      dot: t.dot,
      cosine: t.cosine,
      trust: Number(t.trust),
      mass: Number(t.mass),
      score: t.score,
      weight: Number(weight),
      share: Number(share),
      reason: reasonOf(t, share, hasReference),
    };
  });
  return {
    weights: rows.map((row) => row.weight),
    shares: rows.map((row) => row.share),
    explanation: {
      rule: 'reference-trust',
      medianNorm: Number(medianNorm),
      medianCosine,
      totalMass: Number(totalMass),
      totalScore,
      rows,
    },
  };
}

/** min(1, 2 cos / q); if the median is zero, every update that helps at all is fully trusted. */
function trustOf(cosine: bigint, median: bigint): bigint {
  if (median > 0n) return minimum(ONE, (TRUST_SLOPE * cosine) / median);
  return cosine > 0n ? ONE : 0n;
}

function reasonOf(t: { present: boolean; dot: bigint }, share: bigint, hasReference: boolean): Reason {
  if (!t.present) return 'absent';
  if (!hasReference) return 'no reference';
  if (t.dot === 0n) return 'points away from the reference';
  return share === 0n ? 'negligible' : 'paid';
}

/** {@link referenceTrust} as an entry of the registry. */
export const referenceTrustRule: Rule = {
  id: 'reference-trust',
  version: 1,
  headRows: 1,
  apply: referenceTrust,
};
