import { ChorusError, MAX_VALIDATORS, referenceGroups, WEIGHT_ONE } from '@chorus/protocol';

/**
 * The exact weighted aggregate `A[k] = sum_i weights[i] * updates[i][k]`.
 *
 * Weights are integers in [0, 65536] that sum to at most 65536, so with int16 entries |A[k]| <= 2^31 - 2^16
 * and int32 arithmetic is exact. A missing update (null) must have weight 0.
 *
 * @returns d entries, `A_t` of the round (docs/explain/proofs.md, "Update encoding")
 * @throws ChorusError `E_AGGREGATE_INPUT`
 */
export function aggregate(
  updates: readonly (Int16Array | null)[],
  weights: readonly number[],
): Int32Array<ArrayBuffer> {
  if (updates.length !== weights.length) {
    throw refuse('there must be one weight per update', {
      updates: updates.length,
      weights: weights.length,
    });
  }
  const length = updates.find((u) => u !== null)?.length;
  if (length === undefined) throw refuse('there is no update to aggregate', {});
  let sum = 0;
  for (const [i, weight] of weights.entries()) {
    if (!Number.isInteger(weight) || weight < 0) {
      throw refuse('a weight is not an integer of at least 0', { trainer: i, weight });
    }
    sum += weight;
    const update = updates[i]!;
    if (update === null && weight !== 0) throw refuse('a weighted update is missing', { trainer: i, weight });
    if (update !== null && update.length !== length) {
      throw refuse('the updates do not have one length', { trainer: i, entries: update.length });
    }
  }
  if (sum > WEIGHT_ONE) throw refuse('the weights sum to more than 2^16', { sum });

  const total = new Int32Array(length);
  for (const [i, update] of updates.entries()) {
    const weight = weights[i]!;
    if (update === null || weight === 0) continue;
    for (let k = 0; k < length; k++) total[k] = (total[k]! + Math.imul(weight, update[k]!)) | 0;
  }
  return total;
}

/**
 * Row 0 of the Gram matrix: the sum of the references the validators opened, entry by entry.
 * @param references 1 to 15 int16 vectors of one length; |sum| <= 15 * 32767 < 2^19
 * @throws ChorusError `E_AGGREGATE_INPUT`
 */
export function sumReferences(references: readonly Int16Array[]): Int32Array<ArrayBuffer> {
  const length = references[0]?.length ?? 0;
  if (length === 0 || references.length > MAX_VALIDATORS || references.some((r) => r.length !== length)) {
    throw refuse('a sum needs 1 to 15 references of one length', { references: references.length, length });
  }
  const sum = new Int32Array(length);
  for (const reference of references) {
    for (let k = 0; k < length; k++) sum[k] = sum[k]! + reference[k]!;
  }
  return sum;
}

/** A reference that a round uses. */
export interface CountedReference {
  /** Its validator's place among those appointed. */
  index: number;
  vector: Int16Array;
}

/**
 * The three group sums of `reference-projection`, rows 0 to 2 of its Gram matrix (see `referenceGroups`).
 *
 * @param dimension number of entries of the zero vector of a group without references
 * @throws ChorusError `E_AGGREGATE_INPUT`
 */
export function sumGroups(
  references: readonly CountedReference[],
  appointed: number,
  dimension: number,
): [Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>] {
  const sum = (members: readonly CountedReference[]) => {
    if (members.length === 0) return new Int32Array(dimension);
    return sumReferences(members.map(({ vector }) => vector));
  };
  const [first, second, third] = referenceGroups(references, appointed);
  return [sum(first), sum(second), sum(third)];
}

function refuse(message: string, facts: Record<string, number>): ChorusError {
  return new ChorusError('E_AGGREGATE_INPUT', message, { facts });
}
