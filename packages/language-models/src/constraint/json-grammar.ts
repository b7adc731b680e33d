import {
  bytes,
  choice,
  literal,
  optional,
  type Part,
  type Rule,
  repeated,
  sequence,
  upTo,
} from './grammar.ts';

const DIGIT = bytes([0x30, 0x39]);
/** Digits of a number before and after its point: as many as a float64 holds. A model could write them without end. */
const MOST_DIGITS = 16;

const continuation = bytes([0x80, 0xbf]);
const hex = bytes([0x30, 0x39], [0x41, 0x46], [0x61, 0x66]);

/** Letters of a string that are one byte and no escape. */
export const PLAIN = bytes([0x20, 0x21], [0x23, 0x5b], [0x5d, 0x7e]);

/** A character of a string: whole letters in UTF-8 (RFC 3629), or an escape. */
const CHARACTER: Part = choice(
  PLAIN,
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

/** Where `PLAIN` may come in a string, any other whole letters may follow it. */
export const STRING: Part = sequence(literal('"'), repeated(CHARACTER), literal('"'));

const WHOLE: Part = choice(literal('0'), sequence(bytes([0x31, 0x39]), upTo(DIGIT, MOST_DIGITS - 1)));

export const INTEGER: Part = sequence(optional(literal('-')), WHOLE);

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
