import { ChorusError, SHARE_ONE, WEIGHT_ONE } from '@chorus/protocol';
import { isqrt, lowerMedian, minimum } from '../arithmetic/integers.ts';
import { COEFFICIENT_BITS, projectionCoefficients, RIDGE } from '../arithmetic/projection.ts';
import {
  type ByTarget,
  checkGram,
  type GramShape,
  type ProjectionExplanation,
  type ProjectionRow,
  type Reason,
  type Rule,
  type RuleResult,
} from './rule.ts';

/** Rows 0 to 2: sums of the references of one group of validators each. */
const GROUPS = 3;
/** Row 3: the sum of references minus its projection on everything public before training. */
const NOVELTY = 3;
const HEAD_ROWS = 4;

/**
 * Trainers' int16 vectors of d <= 2^22 entries have inner products below 2^52; groups of at most five references of
 * norm 2^18 (within 1 %) and the novelty, with a trainer's, below 2^48.
 */
const SHAPE: GramShape = { headRows: HEAD_ROWS, headLimit: 1n << 49n, limit: 1n << 53n };

const ONE = BigInt(WEIGHT_ONE);
const ALL_SHARES = BigInt(SHARE_ONE);

/** An update of norm below 2^8 counts as absent: its coefficient would need more bits than the circuit has. */
const MIN_SQUARE = 1n << 16n;
/** Coefficients X are below 2^67 for every true Gram matrix. */
const COEFFICIENT_LIMIT = 1n << 67n;
/** Dot products count in thirds, up to twice the median cosine q = floor(t / r), t over three groups: 3 * 2/3 * 2 q r. */
const THIRDS = 3n;
const CAP = 4n;
/** gate = min(1, 6 <novelty, u> / <references, u>)^4, the quotient in 256ths. */
const GATE_ONE = 256n;
const GATE_SLOPE = 6n;
const GATE_POWER = 4n;

/**
 * `reference-projection` (version 3): pay for what an update adds to the updates of the others, not for the number of
 * names. The circuit and the vectors in test/vectors agree with it bit for bit.
 *
 * - Target k is the sum of the two groups of references other than k. An update is eligible if its inner product
 *   with all three targets is positive.
 * - For each target, X are the coefficients of the non-negative combination of updates nearest to it, with a ridge
 *   of 1/256. X_i times the dot product is what update i explains of the target. The pay is the smallest of the
 *   three, times the gate: so it depends on what a vector adds, not on the number of names that send it.
 * - Cap: no dot product counts for more than twice the median cosine, so a leaked reference does not take all.
 * - Gate: a combination of vectors that were public before training has no inner product with the novelty row, and
 *   earns nothing.
 * - Weights are the lengths of the projections flattened at their median, times the clip of `reference-trust`. They
 *   ignore the gate: a replay is momentum.
 *
 * Not guaranteed: telling parts of one data set from strangers with little data, or a leaked reference from excellent
 * data.
 *
 * @param gram 4 + n rows: three groups of references, the novelty, n trainers; entries of the first four rows below
 *   2^49, of the others below 2^53 in magnitude
 * @throws ChorusError `E_GRAM_INVALID`, also if no vectors have this matrix
 */
export function referenceProjection(gram: readonly (readonly bigint[])[]): RuleResult<ProjectionExplanation> {
  checkGram(gram, SHAPE);
  const trainers = Array.from({ length: gram.length - HEAD_ROWS }, (_, i) => measure(gram, HEAD_ROWS + i));
  const present = trainers.filter((t) => t.present);
  const eligible = trainers.filter((t) => t.eligible);
  const medianNorm = lowerMedian(present.map((t) => t.norm)) ?? 0n;
  const medianCosine = lowerMedian(eligible.map((t) => t.cosine)) ?? 0n;

  const cappedDots = trainers.map((t) => byTarget((k) => capOf(t, k, medianCosine)));
  const coefficients = project(gram, trainers, cappedDots);

  const paid = trainers.map((t, i) => {
    const X = coefficients[i]!;
    const explained = byTarget((k) => X[k] * cappedDots[i]![k]);
    const smallestTarget = smallestOf(explained);
    const gate = t.eligible ? gateOf(t) : 0n;
    const projection = explained[smallestTarget];
    return {
      ...t,
      clip: t.present ? (ONE * minimum(medianNorm, t.norm)) / t.norm : 0n,
      cappedDots: cappedDots[i]!,
      coefficients: X,
      smallestTarget,
      projection,
      gate,
      score: projection * gate ** GATE_POWER,
      length: (t.norm * (X[0] + X[1] + X[2])) >> COEFFICIENT_BITS,
    };
  });
  const medianLength = lowerMedian(paid.filter((t) => t.present).map((t) => t.length)) || 1n;
  const weighed = paid.map((t) => ({
    ...t,
    mass: ((ONE * minimum(t.length, medianLength)) / medianLength) * t.clip,
  }));
  const totalMass = weighed.reduce((sum, t) => sum + t.mass, 0n);
  const totalScore = weighed.reduce((sum, t) => sum + t.score, 0n);

  const hasTargets = [0, 1, 2].every((k) => targetSquare(gram, k) > 0n);
  const rows = weighed.map((t, i): ProjectionRow => {
    const weight = totalMass > 0n ? (ONE * t.mass) / totalMass : 0n;
    const share = totalScore > 0n ? (ALL_SHARES * t.score) / totalScore : 0n;
    return {
      present: t.present,
      norm: Number(t.norm),
      clip: Number(t.clip),
      eligible: t.eligible,
      dot: t.dot,
      cosine: t.cosine,
      dots: t.dots,
      capped: byTarget((k) => t.eligible && t.cappedDots[k] < THIRDS * t.dots[k]),
      cappedDots: t.cappedDots,
      coefficients: t.coefficients,
      smallestTarget: t.smallestTarget,
      projection: t.projection,
      alone: t.eligible ? explainedAlone(t.cappedDots, t.square) : 0n,
      novelty: t.novelty,
      gate: Number(t.gate),
      length: Number(t.length),
      mass: Number(t.mass),
      score: t.score,
      weight: Number(weight),
      share: Number(share),
      nearest: t.eligible ? nearestTo(gram, trainers, i) : null,
      reason: reasonOf(t, share, hasTargets),
    };
  });
  return {
    weights: rows.map((row) => row.weight),
    shares: rows.map((row) => row.share),
    explanation: {
      rule: 'reference-projection',
      medianNorm: Number(medianNorm),
      medianCosine,
      medianLength: Number(medianLength),
      totalMass: Number(totalMass),
      totalScore,
      rows,
    },
  };
}

interface Measured {
  square: bigint;
  norm: bigint;
  present: boolean;
  eligible: boolean;
  dot: bigint;
  dots: ByTarget<bigint>;
  cosine: bigint;
  novelty: bigint;
}

function byTarget<T>(value: (target: 0 | 1 | 2) => T): ByTarget<T> {
  return [value(0), value(1), value(2)];
}

/** The values of a trainer that follow from its row of the matrix alone. */
function measure(gram: readonly (readonly bigint[])[], row: number): Measured {
  const square = gram[row]![row]!;
  const norm = isqrt(square);
  const present = square >= MIN_SQUARE;
  let dot = 0n;
  for (let k = 0; k < GROUPS; k++) dot += gram[k]![row]!;
  const dots = byTarget((k) => dot - gram[k]![row]!);
  const eligible = present && dots.every((b) => b > 0n);
  return {
    square,
    norm,
    present,
    eligible,
    dot,
    dots,
    cosine: eligible ? dot / norm : 0n,
    novelty: gram[NOVELTY]![row]!,
  };
}

/** |g_a + g_b|^2 of the two groups that make up target k. */
function targetSquare(gram: readonly (readonly bigint[])[], target: number): bigint {
  const [a, b] = [0, 1, 2].filter((k) => k !== target) as [number, number];
  return gram[a]![a]! + 2n * gram[a]![b]! + gram[b]![b]!;
}

function capOf(t: Measured, target: 0 | 1 | 2, medianCosine: bigint): bigint {
  return t.eligible ? minimum(THIRDS * t.dots[target], CAP * medianCosine * t.norm) : 0n;
}

/** X by trainer and target; 0 for those that are not eligible. */
function project(
  gram: readonly (readonly bigint[])[],
  trainers: readonly Measured[],
  dots: readonly ByTarget<bigint>[],
): ByTarget<bigint>[] {
  const eligible = trainers.flatMap((t, i) => (t.eligible ? [i] : []));
  const solved = projectionCoefficients(
    eligible.map((i) => eligible.map((j) => gram[HEAD_ROWS + i]![HEAD_ROWS + j]!)),
    byTarget((k) => eligible.map((i) => dots[i]![k])),
  );
  return trainers.map((t, i) =>
    byTarget((k) => {
      const x = t.eligible ? solved[k]![eligible.indexOf(i)]! : 0n;
      if (x >= COEFFICIENT_LIMIT) {
        throw new ChorusError('E_GRAM_INVALID', 'not a Gram matrix: a coefficient is out of range', {
          facts: { trainer: i, target: k },
          hint: 'compute it from the payloads of this round, as integers',
        });
      }
      return x;
    }),
  );
}

/** floor(256 min(6 max(0, novelty), dot) / dot): the dot product of an eligible trainer is positive. */
function gateOf({ novelty, dot }: Measured): bigint {
  return (GATE_ONE * minimum(GATE_SLOPE * (novelty > 0n ? novelty : 0n), dot)) / dot;
}

function smallestOf(values: ByTarget<bigint>): 0 | 1 | 2 {
  const [a, b, c] = values;
  if (a <= b && a <= c) return 0;
  return b <= c ? 1 : 2;
}

/** min_k X beta if there is no other update: X = 2^48 beta / (square (1 + 1/256)). */
function explainedAlone(dots: ByTarget<bigint>, square: bigint): bigint {
  const beta = dots[smallestOf(dots)];
  return (((beta * RIDGE) << COEFFICIENT_BITS) / (square * (RIDGE + 1n))) * beta;
}

/** The eligible trainer with the largest cosine to trainer i; a float, only for explanations. */
function nearestTo(
  gram: readonly (readonly bigint[])[],
  trainers: readonly Measured[],
  i: number,
): ProjectionRow['nearest'] {
  let nearest: ProjectionRow['nearest'] = null;
  for (const [j, other] of trainers.entries()) {
    if (j === i || !other.eligible) continue;
    const dot = Number(gram[HEAD_ROWS + i]![HEAD_ROWS + j]!);
    const cosine = dot / Math.sqrt(Number(trainers[i]!.square) * Number(other.square));
    if (nearest === null || cosine > nearest.cosine) nearest = { trainer: j, cosine };
  }
  return nearest;
}

function reasonOf(
  t: Measured & { cappedDots: ByTarget<bigint>; projection: bigint; gate: bigint },
  share: bigint,
  hasTargets: boolean,
): Reason {
  if (t.square === 0n) return 'absent';
  if (!t.present) return 'too small';
  if (!hasTargets) return 'no reference';
  if (!t.eligible) return 'points away from the reference';
  if (t.cappedDots.every((beta) => beta === 0n)) return 'negligible';
  if (t.projection === 0n) return 'explained by others';
  if (t.gate === 0n) return 'nothing new';
  return share === 0n ? 'negligible' : 'paid';
}

/** {@link referenceProjection} as an entry of the registry. */
export const referenceProjectionRule: Rule = {
  id: 'reference-projection',
  version: 3,
  headRows: HEAD_ROWS,
  apply: referenceProjection,
};
