/**
 * An aggregation rule: multi-Krum (Blanchard et al., NeurIPS 2017), in integers.
 *
 * A rule sees nothing but the Gram matrix, so one proof of that matrix serves every rule. Krum needs distances, and
 * |u_i - u_j|^2 = G_ii + G_jj - 2 G_ij. How such a rule becomes part of the product: .github/CONTRIBUTING.md.
 */
import { aggregate, gramMatrix, type RuleResult, sumReferences } from '@chorus/aggregation';

/** Weights and shares of a round are parts of these. */
const WEIGHT_ONE = 2 ** 16;
const SHARE_ONE = 2 ** 32;

/**
 * Equal weight and equal pay for the `n - attackers` updates that are nearest to their neighbours.
 * @param gram row 0 is the reference, which Krum does not use; then one row for each trainer
 * @param attackers how many trainers may be malicious; fewer than `(n - 2) / 2`
 */
export function multiKrum(
  gram: readonly (readonly bigint[])[],
  attackers: number,
): Pick<RuleResult, 'weights' | 'shares'> {
  const n = gram.length - 1;
  if (2 * attackers + 2 >= n) throw new RangeError(`${attackers} attackers of ${n} are too many for Krum`);
  const squaredDistance = (i: number, j: number): bigint => gram[i]![i]! + gram[j]![j]! - 2n * gram[i]![j]!;
  const trainers = Array.from({ length: n }, (_, i) => i + 1);
  const scores = trainers.map((i) =>
    trainers
      .filter((j) => j !== i)
      .map((j) => squaredDistance(i, j))
      .sort(ascending)
      .slice(0, n - attackers - 2)
      .reduce((sum, distance) => sum + distance, 0n),
  );
  const chosen = n - attackers;
  const limit = scores.toSorted(ascending)[chosen - 1]!;
  // Ties share what the last places have, so that the result does not depend on the order of trainers.
  const winners = scores.filter((score) => score <= limit).length;
  const part = (whole: number) => scores.map((score) => (score <= limit ? Math.floor(whole / winners) : 0));
  return { weights: part(WEIGHT_ONE), shares: part(SHARE_ONE) };
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

if (import.meta.main) {
  const reference = Int16Array.of(60, 80);
  const honest = [Int16Array.of(31, 39), Int16Array.of(33, 41), Int16Array.of(29, 42), Int16Array.of(30, 40)];
  const flipped = Int16Array.of(-300, -400);
  const updates = [...honest, flipped];
  const { weights, shares } = multiKrum(gramMatrix([sumReferences([reference]), ...updates]), 1);
  console.log({ weights, shares, aggregate: aggregate(updates, weights) });
}
