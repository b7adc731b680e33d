import { type PublicVectors, SPAN_ROUNDS } from '@chorus/aggregation';
import { type GlobalModel, globalParameters } from '@chorus/training';

/** The available vectors of an ended round, settled or void. */
export interface EndedRound {
  round: number;
  /** Null if the round is void. */
  aggregate: Int32Array | null;
  /** Opened references. */
  references: Int16Array[];
  /** The vector that each trainer committed, by trainer index; null if it is not available. */
  updates: { trainer: number; vector: Int16Array | null }[];
}

/**
 * The vectors that are public before a round begins, for the public span: of the last three ended rounds each
 * trainer's newest
 * update and all references, the aggregates of the last three settled ones, and the model.
 *
 * @param rounds the newest first; empty before the second round, when nothing is public
 */
export function publicVectors(
  rounds: readonly EndedRound[],
  model: GlobalModel,
  tensors: readonly number[],
): PublicVectors {
  const recent = rounds.slice(0, SPAN_ROUNDS);
  const updates = new Map<number, Int16Array>();
  for (const { trainer, vector } of recent.flatMap((round) => round.updates)) {
    if (vector && !updates.has(trainer)) updates.set(trainer, vector);
  }
  return {
    aggregates: rounds.flatMap((round) => (round.aggregate ? [round.aggregate] : [])).slice(0, SPAN_ROUNDS),
    way: model.sum,
    model: globalParameters(model),
    tensors,
    updates: [...updates.values()],
    references: recent.flatMap((round) => round.references),
  };
}
