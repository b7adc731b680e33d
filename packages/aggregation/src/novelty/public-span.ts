import { pieceOf, tensorBlocks } from './blocks.ts';
import { type IntegerVector, integersOf, publicDirection } from './direction.ts';
import { MAX_DIRECTIONS } from './novelty.ts';

/** Aggregates of this many settled rounds, and vectors of this many ended rounds, are in the span. */
export const SPAN_ROUNDS = 3;

/** What every member has before a round's training begins; the newest of each kind first. */
export interface PublicVectors {
  /** Aggregates of the last three settled rounds. */
  aggregates: readonly IntegerVector[];
  /** The settled model minus the initial one, in integers. */
  way: IntegerVector;
  /** The settled model's parameters. */
  model: Float32Array;
  /** Entries of each of the model's tensors, in the parameters' order. */
  tensors: readonly number[];
  /** Each trainer's newest update of the last three ended rounds, settled or void. */
  updates: readonly Int16Array[];
  /** Every reference that was opened in the last three ended rounds, settled or void, rejected ones too. */
  references: readonly Int16Array[];
}

/**
 * The public directions of a round: the way so far, the model, the last three aggregates, the pieces of the way and
 * of the last aggregate by blocks of tensors, each trainer's last update, the opened references.
 *
 * There are at most 64 of them. All fit with up to 16 trainers and 9 validators; with more validators the oldest
 * references are left out.
 */
export function publicSpan(vectors: PublicVectors): Int16Array[] {
  const { way, model, updates, references } = vectors;
  const aggregates = vectors.aggregates.slice(0, SPAN_ROUNDS);
  const blocks = tensorBlocks(vectors.tensors);
  const pieces = [...aggregates.slice(0, 1), way].flatMap((vector) =>
    blocks.map((block) => pieceOf(vector, block)),
  );
  const directions: Int16Array[] = [];
  for (const vector of [way, integersOf(model), ...aggregates, ...pieces, ...updates, ...references]) {
    if (directions.length === MAX_DIRECTIONS) break;
    const direction = publicDirection(vector);
    if (direction) directions.push(direction);
  }
  return directions;
}
