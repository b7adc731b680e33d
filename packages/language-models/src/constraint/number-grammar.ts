import { bytes, choice, literal, NOTHING, optional, type Part, sequence, upTo } from './grammar.ts';
import { DIGIT, MOST_DIGITS } from './json-grammar.ts';

/** The largest number with as many digits as a number may have. */
const LARGEST = 10n ** BigInt(MOST_DIGITS) - 1n;

const digit = (from: string, to: string): Part => bytes([from.charCodeAt(0), to.charCodeAt(0)]);
/** By their number. */
const DIGITS: readonly Part[] = Array.from({ length: MOST_DIGITS }, (_, count) =>
  sequence(...Array<Part>(count).fill(DIGIT)),
);

/**
 * Whole numbers from `low` to `high`, both included, as JSON writes them. Null: no bound but the number of digits.
 * @returns null if no number is within them
 */
export function integersWithin(low: bigint | null, high: bigint | null): Part | null {
  const [from, to] = [atLeast(low ?? -LARGEST), atMost(high ?? LARGEST)];
  if (from > to) return null;
  const parts: Part[] = [];
  if (to >= 0n) parts.push(naturals(from > 0n ? from : 0n, to));
  if (from < 0n) parts.push(sequence(literal('-'), naturals(to < 0n ? -to : 1n, -from)));
  return choice(...parts);
}

/**
 * Numbers from `low` to `high`, both included and whole, with decimals but without exponents.
 * @returns null if no number is within them
 */
export function numbersWithin(low: bigint | null, high: bigint | null): Part | null {
  const [from, to] = [atLeast(low ?? -LARGEST), atMost(high ?? LARGEST)];
  if (from > to) return null;
  const parts: Part[] = [];
  if (to >= 0n) parts.push(decimals(from > 0n ? from : 0n, to));
  if (from < 0n) parts.push(sequence(literal('-'), decimals(to < 0n ? -to : 0n, -from)));
  return choice(...parts);
}

/** Numbers have 16 digits. */
const atMost = (value: bigint): bigint => (value > LARGEST ? LARGEST : value);
const atLeast = (value: bigint): bigint => (value < -LARGEST ? -LARGEST : value);

/** Numbers of 0 or more. */
function decimals(from: bigint, to: bigint): Part {
  const fraction = optional(sequence(literal('.'), DIGIT, upTo(DIGIT, MOST_DIGITS - 1)));
  const zeros = optional(sequence(literal('.'), literal('0'), upTo(literal('0'), MOST_DIGITS - 1)));
  const last = sequence(literal(String(to)), zeros);
  return from === to ? last : choice(sequence(naturals(from, to - 1n), fraction), last);
}

/** Whole numbers of 0 or more. */
function naturals(from: bigint, to: bigint): Part {
  const parts: Part[] = [];
  for (let length = String(from).length; length <= String(to).length; length++) {
    const least = length === 1 ? 0n : 10n ** BigInt(length - 1);
    const most = 10n ** BigInt(length) - 1n;
    parts.push(equallyLong(String(from > least ? from : least), String(to < most ? to : most)));
  }
  return choice(...parts);
}

/** Numbers with as many digits as both bounds have. */
function equallyLong(from: string, to: string): Part {
  if (from === '') return NOTHING;
  const [a, b, rest] = [from[0]!, to[0]!, from.length - 1];
  if (a === b) return sequence(literal(a), equallyLong(from.slice(1), to.slice(1)));
  const next = (each: string, by: number): string => String(Number(each) + by);
  const [isLeast, isMost] = [/^0*$/.test(from.slice(1)), /^9*$/.test(to.slice(1))];
  const [low, high] = [isLeast ? a : next(a, 1), isMost ? b : next(b, -1)];
  return choice(
    ...(isLeast ? [] : [sequence(literal(a), equallyLong(from.slice(1), '9'.repeat(rest)))]),
    ...(low <= high ? [sequence(digit(low, high), DIGITS[rest]!)] : []),
    ...(isMost ? [] : [sequence(literal(b), equallyLong('0'.repeat(rest), to.slice(1)))]),
  );
}
