import { bytes, choice, literal, optional, type Part, sequence, upTo } from './grammar.ts';
import { DIGIT } from './json-grammar.ts';

const hex = bytes([0x30, 0x39], [0x61, 0x66]);
const times = (part: Part, count: number): Part => sequence(...Array<Part>(count).fill(part));
const digit = (from: number, to: number): Part => bytes([0x30 + from, 0x30 + to]);
const oneOf = (...texts: string[]): Part => choice(...texts.map(literal));

/** Days from 01. */
const days = (last: 28 | 30 | 31): Part =>
  choice(
    sequence(literal('0'), digit(1, 9)),
    sequence(literal('1'), DIGIT),
    sequence(literal('2'), digit(0, last === 28 ? 8 : 9)),
    ...(last === 28 ? [] : [literal('30')]),
    ...(last === 31 ? [literal('31')] : []),
  );

/** A date of RFC 3339, without the days that only leap years have. */
const DATE: Part = sequence(
  times(DIGIT, 4),
  literal('-'),
  choice(
    sequence(oneOf('01', '03', '05', '07', '08', '10', '12'), literal('-'), days(31)),
    sequence(oneOf('04', '06', '09', '11'), literal('-'), days(30)),
    sequence(literal('02-'), days(28)),
  ),
);

const HOUR: Part = choice(sequence(digit(0, 1), DIGIT), sequence(literal('2'), digit(0, 3)));
const SIXTY: Part = sequence(digit(0, 5), DIGIT);

/** A time of RFC 3339, without leap seconds. */
const TIME: Part = sequence(
  sequence(HOUR, literal(':'), SIXTY, literal(':'), SIXTY),
  optional(sequence(literal('.'), DIGIT, upTo(DIGIT, 8))),
  choice(literal('Z'), sequence(oneOf('+', '-'), HOUR, literal(':'), SIXTY)),
);

const UUID: Part = sequence(
  times(hex, 8),
  ...[4, 4, 4, 12].map((count) => sequence(literal('-'), times(hex, count))),
);

/** What a string of a format of JSON Schema is, without its quotes. */
export const FORMATS: ReadonlyMap<unknown, Part> = new Map<unknown, Part>([
  ['date', DATE],
  ['time', TIME],
  ['date-time', sequence(DATE, literal('T'), TIME)],
  ['uuid', UUID],
]);
