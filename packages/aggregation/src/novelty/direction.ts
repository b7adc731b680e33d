import { ChorusError, MAX_DIMENSION, MAX_ENTRY } from '@chorus/protocol';
import { isqrt } from '../arithmetic/integers.ts';

/** Norm of a public direction: the norm of references, so that coefficients stay near one. */
const DIRECTION_NORM = 2 ** 18;

/** Entries are first scaled to below this: squares stay below 2^40, and a sum of 2^12 of them is exact in float64. */
const SCALED_ENTRY = 2 ** 20;

/** Entries whose squares are added before the sum moves to a bigint. */
const BLOCK = 4096;

/** A vector that every member has: integers in any of these arrays, below 2^53 in magnitude. */
export type IntegerVector = Int16Array | Int32Array | Float64Array;

/**
 * A public vector as a direction of int16 entries: `round(2^18 p / |p|)`.
 *
 * If an entry would leave int16, the whole vector is shortened instead, until its largest entry is 32767: a clamped
 * vector would point elsewhere, and a trainer that sends the vector itself would be paid for the difference.
 *
 * Every step is an integer division or a multiplication by a power of two, so all machines get the same entries. The
 * error of rounding is below sqrt(d)/2 of the direction's norm: 0.04 % at 50,000 parameters.
 *
 * @returns null for a vector that is zero
 * @throws ChorusError `E_NOVELTY_INPUT` for an entry that is not an integer, or 2^53 and more
 */
export function publicDirection(vector: IntegerVector): Int16Array<ArrayBuffer> | null {
  const largest = largestOf(vector);
  if (largest === 0) return null;
  const scaled = new Int32Array(vector.length);
  const power = SCALED_ENTRY / 2 ** bitsOf(largest);
  // Scaling up is exact; scaling down drops parts below a millionth of the largest entry.
  for (let k = 0; k < scaled.length; k++) scaled[k] = Math.trunc(vector[k]! * power);
  const peak = largestOf(scaled);
  const norm = Number(isqrt(squareOf(scaled)));
  // 2^18 / norm, or 32767 / peak if that is smaller: compared as products, below 2^53.
  const fits = DIRECTION_NORM * peak <= MAX_ENTRY * norm;
  const [factor, divisor] = fits ? [DIRECTION_NORM, norm] : [MAX_ENTRY, peak];
  const direction = new Int16Array(scaled.length);
  for (let k = 0; k < direction.length; k++) direction[k] = roundedQuotient(scaled[k]! * factor, divisor);
  return direction;
}

/**
 * Float32 numbers (a model's parameters) as integers below 2^31, by one power of two: multiplying by it is exact, so
 * all machines round alike.
 */
export function integersOf(values: Float32Array): Float64Array<ArrayBuffer> {
  let largest = 0;
  for (let k = 0; k < values.length; k++) largest = Math.max(largest, Math.abs(values[k]!));
  const integers = new Float64Array(values.length);
  if (!(largest > 0 && Number.isFinite(largest))) return integers;
  // The exponent of the largest, from its bits.
  const exponent = ((new Uint32Array(Float32Array.of(largest).buffer)[0]! >>> 23) & 0xff) - 126;
  const power = 2 ** (31 - exponent);
  for (let k = 0; k < integers.length; k++) integers[k] = Math.trunc(values[k]! * power);
  return integers;
}

/** Half away from zero; exact for a numerator below 2^52 and a quotient below 2^19. */
function roundedQuotient(numerator: number, divisor: number): number {
  const magnitude = Math.floor((2 * Math.abs(numerator) + divisor) / (2 * divisor));
  return numerator < 0 ? -magnitude : magnitude;
}

function squareOf(vector: Int32Array): bigint {
  let total = 0n;
  for (let from = 0; from < vector.length; from += BLOCK) {
    let sum = 0;
    const to = Math.min(from + BLOCK, vector.length);
    for (let k = from; k < to; k++) sum += vector[k]! * vector[k]!;
    total += BigInt(sum);
  }
  return total;
}

function largestOf(vector: IntegerVector): number {
  let largest = 0;
  for (let k = 0; k < vector.length; k++) {
    const magnitude = Math.abs(vector[k]!);
    if (magnitude > largest) largest = magnitude;
    else if (!(magnitude >= 0)) throw refuse(k, vector[k]!);
  }
  if (vector.length < 1 || vector.length > MAX_DIMENSION || largest > Number.MAX_SAFE_INTEGER) {
    throw refuse(vector.length, largest);
  }
  return largest;
}

/** Bits of an integer of at most 2^53. */
function bitsOf(value: number): number {
  let bits = 0;
  for (let rest = value; rest >= 1; rest /= 2) bits++;
  return bits;
}

function refuse(index: number, entry: number): ChorusError {
  return new ChorusError('E_NOVELTY_INPUT', 'a public vector is not made of integers below 2^53', {
    facts: { index, entry },
  });
}
