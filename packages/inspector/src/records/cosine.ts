import { hasGroups, REFERENCE_GROUPS, type RuleName } from '@chorus/protocol';

/** Rows of the Gram matrix that hold the references. */
const referenceRows = (rule: RuleName) => (hasGroups(rule) ? REFERENCE_GROUPS : 1);

/** Length of the sum of a round's references, in quantisation steps. */
export function referenceLength(gram: readonly bigint[][], rule: RuleName): number {
  const rows = referenceRows(rule);
  let square = 0n;
  for (let a = 0; a < rows; a++) for (let b = 0; b < rows; b++) square += gram[a]![b]!;
  return Math.sqrt(Number(square));
}

/**
 * The rule's cosines are integers: the length of the projection on the references, in quantisation steps. This is such a
 * number as the cosine of an angle, from -1 to 1; null without references.
 * @param length of the sum of the references, see {@link referenceLength}
 */
export function toCosine(cosine: bigint | number, length: number): number | null {
  return length === 0 ? null : Number(cosine) / length;
}

/**
 * The cosine between a trainer's update and the sum of the references; negative if the update leads away from them,
 * null if either is zero.
 */
export function measuredCosine(gram: readonly bigint[][], rule: RuleName, trainer: number): number | null {
  const rows = referenceRows(rule);
  // Behind the groups lies the novelty row.
  const at = trainer + (hasGroups(rule) ? rows + 1 : rows);
  const dot = gram.slice(0, rows).reduce((sum, head) => sum + head[at]!, 0n);
  const norm = Math.sqrt(Number(gram[at]![at]!));
  return norm === 0 ? null : toCosine(Number(dot) / norm, referenceLength(gram, rule));
}
