import { ChorusError, MAX_DIMENSION, MAX_ENTRY, referenceNorm } from '@chorus/protocol';

/**
 * A validator's direction as integers of the network's one norm, `referenceNorm(d)`: references are summed, so a
 * validator with a longer one would decide alone. A direction dominated by a few entries is clamped to int16 and
 * comes out shorter, which only makes it count for less.
 *
 * @param delta trained minus global parameters, in the model's parameter order
 * @returns d entries within [-32767, 32767]
 * @throws ChorusError `E_TRAINING_DIVERGED` if an entry is not finite, or all are zero: there is no direction
 */
export function quantiseReference(delta: Float32Array): Int16Array {
  if (delta.length > MAX_DIMENSION) {
    throw new RangeError(`${delta.length} parameters, at most ${MAX_DIMENSION}`);
  }
  const norm = Math.sqrt(delta.reduce((sum, x) => sum + x * x, 0));
  if (!(norm > 0 && Number.isFinite(norm))) {
    throw new ChorusError('E_TRAINING_DIVERGED', 'the validation data gives no direction', {
      facts: { norm },
      hint: 'check the validation data and the learning rate of the task',
    });
  }
  const factor = referenceNorm(delta.length) / norm;
  return Int16Array.from(delta, (x) => Math.max(-MAX_ENTRY, Math.min(MAX_ENTRY, Math.round(x * factor))));
}

/** The squared norm of an integer vector; exact while d <= 2^22. */
export function squaredNorm(vector: Int16Array): number {
  let sum = 0;
  for (let j = 0; j < vector.length; j++) sum += vector[j]! * vector[j]!;
  return sum;
}
