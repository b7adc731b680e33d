import { noveltyVector, type PublicVectors, publicSpan } from '@chorus/aggregation';

/** Inputs of a novelty row. */
export interface NoveltyJob {
  /** The three group sums of references. */
  groups: readonly (Int16Array | Int32Array)[];
  /** Null if nothing is public yet, or the terms say `novelty: off`. */
  publicVectors: PublicVectors | null;
}

/**
 * The novelty row of a round. Synchronous, half a second for a model of 50,000 parameters: worker threads call it.
 */
export function noveltyOf({ groups, publicVectors }: NoveltyJob): Int32Array {
  return noveltyVector({ groups, publicDirections: publicVectors ? publicSpan(publicVectors) : [] });
}
