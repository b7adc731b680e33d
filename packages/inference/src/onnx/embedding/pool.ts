import { ChorusError } from '@chorus/protocol';
import type { Pooling } from '../jobs/messages.ts';

/**
 * The vector of one text, in float64 and then rounded.
 *
 * @param states vectors of the tokens of all texts of a run [texts, places, width]
 * @param text which text
 * @param length tokens of the text: the places after them are padding
 * @throws ChorusError `E_MODEL_VALUE` if it is not made of finite numbers
 */
export function pooled(
  states: Float32Array,
  { text, length, places, width }: { text: number; length: number; places: number; width: number },
  pooling: Pooling,
  normalise: boolean,
): Float32Array {
  const sums = new Float64Array(width);
  const tokens = pooling === 'cls' ? 1 : length;
  for (let place = 0; place < tokens; place++) {
    const from = (text * places + place) * width;
    for (let i = 0; i < width; i++) sums[i] = sums[i]! + states[from + i]!;
  }
  const size = Math.sqrt(sums.reduce((sum, value) => sum + value * value, 0));
  if (!Number.isFinite(size)) {
    throw new ChorusError('E_MODEL_VALUE', 'the model answers with a value that is not a finite number', {
      hint: 'check its weights',
    });
  }
  // A vector of zeros has no direction, and stays as it is.
  const scale = normalise ? 1 / (size || 1) : 1 / tokens;
  return Float32Array.from(sums, (value) => value * scale);
}
