import {
  bytes,
  choice,
  literal,
  NOTHING,
  optional,
  type Part,
  type Rule,
  repeated,
  sequence,
  upTo,
} from './grammar.ts';

export const DIGIT = bytes([0x30, 0x39]);
/** Digits of a number before and after its point: as many as a float64 holds. A model could write them without end. */
export const MOST_DIGITS = 16;

const continuation = bytes([0x80, 0xbf]);
const hex = bytes([0x30, 0x39], [0x41, 0x46], [0x61, 0x66]);

/** Letters of a string that are more than one byte, in UTF-8 (RFC 3629), and escapes. */
const OTHER_CHARACTER: Part = choice(
  sequence(bytes([0xc2, 0xdf]), continuation),
  sequence(bytes([0xe0, 0xe0]), bytes([0xa0, 0xbf]), continuation),
  sequence(bytes([0xe1, 0xec], [0xee, 0xef]), continuation, continuation),
  sequence(bytes([0xed, 0xed]), bytes([0x80, 0x9f]), continuation),
  sequence(bytes([0xf0, 0xf0]), bytes([0x90, 0xbf]), continuation, continuation),
  sequence(bytes([0xf1, 0xf3]), continuation, continuation, continuation),
  sequence(bytes([0xf4, 0xf4]), bytes([0x80, 0x8f]), continuation, continuation),
  // Escapes of surrogates could stand alone: letters beyond are written as they are.
  sequence(literal('\\'), choice(...Array.from('"\\/bfnrt', literal))),
  sequence(
    literal('\\u'),
    choice(bytes([0x30, 0x39], [0x41, 0x43], [0x61, 0x63]), bytes([0x45, 0x46], [0x65, 0x66])),
    hex,
    hex,
    hex,
  ),
);

/** Letters of a string that are one byte and no escape, where at least `room` more letters may come. */
const plain = (room: number): Part => ({ ...bytes([0x20, 0x21], [0x23, 0x5b], [0x5d, 0x7e]), room });

/** A string of any length. */
export const STRING: Part = sequence(
  literal('"'),
  repeated(choice(plain(Number.POSITIVE_INFINITY), OTHER_CHARACTER)),
  literal('"'),
);

/** A string of some letters (Unicode code points). */
export function stringOf(least: number, most: number | null): Part {
  const letter = (room: number): Part => choice(plain(room), OTHER_CHARACTER);
  let rest: Part = most === null ? repeated(letter(Number.POSITIVE_INFINITY)) : NOTHING;
  for (let room = 1; most !== null && room <= most - least; room++) {
    rest = optional(sequence(letter(room), rest));
  }
  for (let at = least; at > 0; at--) {
    rest = sequence(letter(most === null ? Number.POSITIVE_INFINITY : most - at + 1), rest);
  }
  return sequence(literal('"'), rest, literal('"'));
}

const WHOLE: Part = choice(literal('0'), sequence(bytes([0x31, 0x39]), upTo(DIGIT, MOST_DIGITS - 1)));

const INTEGER: Part = sequence(optional(literal('-')), WHOLE);

export const NUMBER: Part = sequence(
  INTEGER,
  optional(sequence(literal('.'), DIGIT, upTo(DIGIT, MOST_DIGITS - 1))),
  optional(
    sequence(
      choice(literal('e'), literal('E')),
      optional(choice(literal('+'), literal('-'))),
      DIGIT,
      upTo(DIGIT, 1),
    ),
  ),
);

/** After a colon or a comma one space, as models write it, or none. */
const SPACE: Part = optional(literal(' '));
export const COMMA: Part = sequence(literal(','), SPACE);
export const COLON: Part = sequence(literal(':'), SPACE);

/** Any number of parts with commas between them. */
export const list = (part: Part): Part => optional(sequence(part, repeated(sequence(COMMA, part))));

/** Any JSON value. */
export const VALUE: Rule = { kind: 'rule', part: null };

/** Any JSON object. */
export const OBJECT: Part = sequence(literal('{'), list(sequence(STRING, COLON, VALUE)), literal('}'));

VALUE.part = choice(
  OBJECT,
  sequence(literal('['), list(VALUE), literal(']')),
  STRING,
  NUMBER,
  literal('true'),
  literal('false'),
  literal('null'),
);
