import type { Bn254 } from './bn254.ts';

/**
 * Scalars cut into signed digits: scalar_j = sum_w digits[w * count + j] * 2^(bits * w), |digit| <= `largest[w]`.
 * Signed digits halve the buckets of a multi-scalar multiplication.
 */
export interface Digits {
  readonly count: number;
  readonly bits: number;
  readonly windows: number;
  /** Window-major. */
  readonly values: Int16Array | Int32Array;
  /** Largest magnitude in each window: how many buckets it needs. */
  readonly largest: number[];
}

/** Microseconds, measured: one affine addition into a bucket, and a bucket's part of the final sum. */
const COST_ADD = 0.4;
const COST_BUCKET = 0.9;
/** Digits are at most 2^14 in magnitude, so that they and a carry fit an int16. */
const MAX_BITS = 15;

/** The window that minimises the work for `count` scalars of `length` bits and a sign. */
function bestWindow(count: number, length: number): { bits: number; windows: number; cost: number } {
  let best = { bits: 2, windows: 0, cost: Number.POSITIVE_INFINITY };
  for (let bits = 2; bits <= MAX_BITS; bits++) {
    const windows = Math.ceil((length + 1) / bits);
    const cost = windows * (count * COST_ADD + 2 ** (bits - 1) * COST_BUCKET);
    if (cost < best.cost) best = { bits, windows, cost };
  }
  return best;
}

/**
 * Digits of exact integers.
 * @throws {RangeError} for a value that is not an integer of magnitude below 2^53
 */
export function digitsOfIntegers(scalars: Int16Array | Int32Array | Float64Array): Digits {
  const count = scalars.length;
  let largest = 0;
  for (let j = 0; j < count; j++) {
    const magnitude = Math.abs(scalars[j]!);
    if (magnitude > largest) largest = magnitude;
    if (!(magnitude <= Number.MAX_SAFE_INTEGER && Number.isInteger(magnitude))) {
      throw new RangeError(`entry ${j} is not an exact integer: ${scalars[j]}`);
    }
  }
  const best = bestWindow(count, Math.ceil(Math.log2(largest + 1)));
  // Small scalars are their own digit: one window, with as many buckets as the largest.
  if (largest < 2 ** 16 && count * COST_ADD + largest * COST_BUCKET <= best.cost) {
    return { count, bits: 16, windows: 1, values: Int32Array.from(scalars), largest: [largest] };
  }
  const { bits, windows } = best;
  const values = new Int16Array(count * windows);
  const tops = new Array<number>(windows).fill(0);
  const [base, half] = [2 ** bits, 2 ** (bits - 1)];
  for (let j = 0; j < count; j++) {
    let rest = Math.abs(scalars[j]!);
    const sign = scalars[j]! < 0 ? -1 : 1;
    for (let w = 0; rest > 0; w++) {
      let digit = rest % base;
      rest = (rest - digit) / base;
      if (digit > half) {
        digit -= base;
        rest += 1;
      }
      values[w * count + j] = sign * digit;
      const magnitude = Math.abs(digit);
      if (magnitude > tops[w]!) tops[w] = magnitude;
    }
  }
  return { count, bits, windows, values, largest: tops };
}

/**
 * Digits of scalars of 32 bytes each, little-endian, at address `scalars`.
 * @param length bits of the largest; canonical ones are below 2^254
 */
export function digitsOfScalars(curve: Bn254, scalars: number, count: number, length = 254): Digits {
  const { bits, windows } = bestWindow(count, length);
  const values = new Int16Array(count * windows);
  const largest = new Array<number>(windows).fill(0);
  const [mask, half] = [2 ** bits - 1, 2 ** (bits - 1)];
  const words = curve.u32;
  for (let j = 0; j < count; j++) {
    const at = (scalars >> 2) + 8 * j;
    let carry = 0;
    for (let w = 0; w < windows; w++) {
      const bit = w * bits;
      const [word, shift] = [bit >>> 5, bit & 31];
      let digit = word < 8 ? words[at + word]! >>> shift : 0;
      if (shift + bits > 32 && word < 7) digit |= words[at + word + 1]! << (32 - shift);
      digit = (digit & mask) + carry;
      carry = 0;
      if (digit > half) {
        digit -= mask + 1;
        carry = 1;
      }
      values[w * count + j] = digit;
      const magnitude = Math.abs(digit);
      if (magnitude > largest[w]!) largest[w] = magnitude;
    }
  }
  return { count, bits, windows, values, largest };
}
