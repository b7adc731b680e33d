import { ChorusError, MAX_DIMENSION, MAX_ENTRY } from '@chorus/protocol';

/** A delta as integers. */
export interface Quantised {
  /** `clamp(round(delta_j / scale), -32767, 32767)`, d entries. */
  vector: Int16Array;
  /** Number of entries that the clamp changed. */
  saturated: number;
}

/**
 * Round a float delta to the integer update that is committed and published (docs/explain/proofs.md, "Update encoding"):
 * half away from zero, clamped to +-32767.
 *
 * The division is one float64 operation on two float32 numbers, so every machine rounds alike.
 *
 * @param delta trained minus global parameters, in the model's parameter order
 * @param scale s of the task's terms, a positive float32
 * @throws ChorusError `E_TRAINING_DIVERGED` if an entry is NaN or infinite
 * @throws {RangeError} on a scale that is not a positive float32
 */
export function quantise(delta: Float32Array, scale: number): Quantised {
  checkScale(scale);
  if (delta.length > MAX_DIMENSION)
    throw new RangeError(`${delta.length} parameters, at most ${MAX_DIMENSION}`);
  const vector = new Int16Array(delta.length);
  let saturated = 0;
  for (let j = 0; j < delta.length; j++) {
    const units = delta[j]! / scale;
    const magnitude = roundHalfUp(Math.abs(units));
    // Also false for NaN; infinities are caught before the clamp would hide them.
    if (!(Math.abs(delta[j]!) < Number.POSITIVE_INFINITY)) {
      throw new ChorusError('E_TRAINING_DIVERGED', 'the update has an entry that is not a finite number', {
        facts: { index: j, value: delta[j]! },
        hint: 'lower the learning rate of the task or check the data',
      });
    }
    if (magnitude > MAX_ENTRY) saturated++;
    const bounded = Math.min(magnitude, MAX_ENTRY);
    vector[j] = units < 0 ? -bounded : bounded;
  }
  return { vector, saturated };
}

/** `Math.floor(x + 0.5)` would round 0.49999999999999994 up: the sum rounds to 1 first. */
function roundHalfUp(x: number): number {
  const floor = Math.floor(x);
  return x - floor >= 0.5 ? floor + 1 : floor;
}

/** @throws {RangeError} if `scale` is not a positive float32 */
export function checkScale(scale: number): void {
  if (!(scale > 0 && Number.isFinite(scale) && Math.fround(scale) === scale)) {
    throw new RangeError(`the scale ${scale} is not a positive float32`);
  }
}

/** Room left above the largest entry of a typical delta: later rounds and unusual data move further. */
const HEADROOM = 4;

/**
 * A scale for a task, from the delta of one trial round: the smallest power of two at which the largest entry
 * fills at most a quarter of the int16 range. For the models of this package that is about 2^-14, which leaves
 * a rounding error well below 1 % of the delta's norm and saturates nothing.
 * @throws {RangeError} if the delta is all zero or not finite
 */
export function suggestScale(delta: Float32Array): number {
  const largest = delta.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  if (!(largest > 0 && Number.isFinite(largest))) throw new RangeError('a delta without information');
  let scale = 1;
  while (largest * HEADROOM > MAX_ENTRY * scale) scale *= 2;
  while (largest * HEADROOM <= (MAX_ENTRY * scale) / 2) scale /= 2;
  return Math.max(scale, MIN_SCALE);
}

/** The smallest normal float32. */
const MIN_SCALE = 2 ** -126;
