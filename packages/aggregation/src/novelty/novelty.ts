import { ChorusError } from '@chorus/protocol';
import { gramMatrix } from '../arithmetic/gram.ts';
import { isqrt, minimum } from '../arithmetic/integers.ts';
import { solveExactly } from '../arithmetic/solve.ts';

/** Public directions of one round; with the sum of references they are the rows of one Gram matrix. */
export const MAX_DIRECTIONS = 64;

/** The system is (P + 2^-20 diag P) c = P g: it stays solvable if directions depend on each other. */
const RIDGE = 1n << 20n;

/** Coefficients are rounded to 2^-24. */
const FRACTION_BITS = 24n;
const FRACTION = 2 ** 24;

/** Coefficients are split at this value, so that every sum of products is exact in float64. */
const LOW = 2 ** 20;

/** Entries of the row are below this, the bound of a Gram matrix. */
const MAX_ROW_ENTRY = 2 ** 20 - 1;

/** The row is lengthened by a multiple of 2^-8, 16 times at most: a row that needs more is mostly rounding. */
const SCALE_ONE = 256n;
const MOST_SCALE = 16n * SCALE_ONE;

/** The norm of 15 references is below 2^22: the circuit holds inner products with a row of that norm. */
const MAX_SQUARED_NORM = (15n << 18n) ** 2n;

export interface NoveltyInput {
  /** The three group sums of references. */
  groups: readonly (Int16Array | Int32Array)[];
  /**
   * The directions that every member had before training, as `publicDirection` makes them; at most 64, in any order.
   */
  publicDirections: readonly Int16Array[];
}

/**
 * The novelty row `v` of a round (rule `reference-projection`): the sum of the groups minus its projection on the
 * span of the public directions, lengthened as {@link scaleOf} says. No combination of public vectors has a part in
 * it.
 *
 * With P the directions' Gram matrix and g the sum: c solves (P + 2^-20 diag P) c = P g exactly and is rounded to
 * 2^-24, r = g - floor(sum c_p p + 1/2) entry by entry, and v = floor(s r + 1/2) with s = min(|g|^2 / |r|^2, 16, 15 *
 * 2^18 / |r|, (2^20 - 1) / max |r_k|), at least 1, rounded down to 2^-8. All of it is integer arithmetic with one
 * answer, so it depends neither on the machine nor on the directions' order. An entry of 2^20 and more, which occurs
 * only if references have nearly all of their length in one parameter, is held at 2^20 - 1.
 *
 * Synchronous: 64 directions of 52,650 entries take a few tenths of a second, so call it in a worker thread.
 *
 * @throws ChorusError `E_NOVELTY_INPUT` for too many directions; `E_GRAM_INPUT` for unequal lengths
 */
export function noveltyVector({ groups, publicDirections }: NoveltyInput): Int32Array<ArrayBuffer> {
  if (publicDirections.length > MAX_DIRECTIONS) {
    throw new ChorusError('E_NOVELTY_INPUT', 'there are too many public directions', {
      facts: { directions: publicDirections.length, limit: MAX_DIRECTIONS },
    });
  }
  const g = sumOf(groups);
  const directions = publicDirections.filter((p) => p.some((entry) => entry !== 0));
  if (directions.length === 0) return g;
  const gram = gramMatrix([g, ...directions]);
  const system = directions.map((_, i) =>
    directions.map((_, j) => RIDGE * gram[i + 1]![j + 1]! + (i === j ? gram[i + 1]![i + 1]! : 0n)),
  );
  const { numerators, denominator } = solveExactly(
    system,
    directions.map((_, i) => RIDGE * gram[0]![i + 1]!),
  )!;
  const coefficients = numerators.map((x) =>
    Number(floorDivide((x << (FRACTION_BITS + 1n)) + denominator, 2n * denominator)),
  );
  const row = subtract(g, directions, coefficients);
  return lengthened(row, scaleOf(g, row));
}

/**
 * How much the row is lengthened, in 256ths: until the references' sum has the same inner product with it as with
 * itself, `|g|^2 / |v|^2`. The new part of an honest update, which resembles the references, then counts in full,
 * however much of the references was public before; vectors without a new part have no part in the row at any length.
 */
function scaleOf(g: Int32Array, row: Int32Array): bigint {
  const gram = gramMatrix([g, row]);
  const left = gram[1]![1]!;
  if (left === 0n) return SCALE_ONE;
  const wanted = (SCALE_ONE * gram[0]![0]!) / left;
  const longest = isqrt((SCALE_ONE * SCALE_ONE * MAX_SQUARED_NORM) / left);
  const largest = row.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
  const fitting = (SCALE_ONE * BigInt(MAX_ROW_ENTRY)) / BigInt(largest);
  const scale = [longest, fitting, MOST_SCALE].reduce(minimum, wanted);
  return scale > SCALE_ONE ? scale : SCALE_ONE;
}

/** `floor(scale row / 256 + 1/2)`, entry by entry. An entry is below 2^20 and the scale at most 2^12: exact. */
function lengthened(row: Int32Array, scale: bigint): Int32Array<ArrayBuffer> {
  const [factor, one] = [Number(scale), Number(SCALE_ONE)];
  return Int32Array.from(row, (entry) => Math.floor((entry * factor + one / 2) / one));
}

function sumOf(groups: NoveltyInput['groups']): Int32Array<ArrayBuffer> {
  const sum = new Int32Array(groups[0]?.length ?? 0);
  for (const group of groups) {
    for (let k = 0; k < sum.length; k++) sum[k] = sum[k]! + group[k]!;
  }
  return sum;
}

/**
 * `g - floor(sum c p / 2^24 + 1/2)`. A coefficient is below 2^40 (the ridge bounds it), an entry below 2^15: their
 * products are added in two parts, each below 2^53, and put together without rounding.
 */
function subtract(
  g: Int32Array,
  directions: readonly Int16Array[],
  coefficients: readonly number[],
): Int32Array<ArrayBuffer> {
  const high = new Float64Array(g.length);
  const low = new Float64Array(g.length);
  for (const [i, direction] of directions.entries()) {
    const top = Math.floor(coefficients[i]! / LOW);
    const rest = coefficients[i]! - top * LOW;
    for (let k = 0; k < g.length; k++) {
      high[k] = high[k]! + top * direction[k]!;
      low[k] = low[k]! + rest * direction[k]!;
    }
  }
  const units = FRACTION / LOW;
  const row = new Int32Array(g.length);
  for (let k = 0; k < g.length; k++) {
    const whole = Math.floor(high[k]! / units);
    const part = (high[k]! - whole * units) * LOW + low[k]!;
    const entry = g[k]! - whole - Math.floor((part + FRACTION / 2) / FRACTION);
    row[k] = Math.max(-MAX_ROW_ENTRY, Math.min(MAX_ROW_ENTRY, entry));
  }
  return row;
}

/** floor(a / b) for b > 0; the operator rounds towards zero. */
function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
