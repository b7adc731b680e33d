import { ChorusError } from '@chorus/protocol';
import { MAX_DIMENSIONS } from '../limits.ts';

/**
 * A vector of length 1 in the same direction, so that the product of two is their cosine.
 * @throws ChorusError `E_DOCUMENT_EMBED` if it has no direction
 */
export function unit(vector: ArrayLike<number>): Float32Array {
  const result = Float32Array.from(vector);
  const length = Math.sqrt(result.reduce((sum, value) => sum + value * value, 0));
  if (result.length === 0 || result.length > MAX_DIMENSIONS || !Number.isFinite(length) || length === 0) {
    throw new ChorusError('E_DOCUMENT_EMBED', 'the embedding model answers with no usable vector', {
      facts: { numbers: result.length },
      hint: 'check knowledge.embed.model: it has to be a model for embeddings',
    });
  }
  return result.map((value) => value / length);
}

/** Ids of the nearest vectors, the nearest first: all are compared. Those of another length are left out. */
export function nearest(
  to: Float32Array,
  vectors: ReadonlyMap<number, Float32Array>,
  most: number,
): number[] {
  const scored: { id: number; score: number }[] = [];
  for (const [id, vector] of vectors) {
    if (vector.length !== to.length) continue;
    let score = 0;
    for (let i = 0; i < to.length; i++) score += to[i]! * vector[i]!;
    scored.push({ id, score });
  }
  return scored
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ id }) => id);
}
