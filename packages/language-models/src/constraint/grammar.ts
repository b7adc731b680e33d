/**
 * A grammar over bytes: what a text may be. Parts are shared, so equal parts are one object, and a rule is a part whose
 * content is known later, so that a grammar may contain itself.
 */
export type Part = Bytes | Sequence | Choice | Rule | Nothing;

/** One byte of a set. */
export interface Bytes {
  readonly kind: 'bytes';
  /** By byte: 1 if it may stand here. */
  readonly set: Uint8Array;
  /** Only of letters of a string: this many whole letters may come here, whatever they are; what follows is the same. */
  readonly room?: number;
}

/** One part, and what follows it: a long text is followed byte by byte, and not laid out where it may begin. */
export interface Sequence {
  readonly kind: 'sequence';
  readonly first: Part;
  readonly then: Part;
}

/** One of several parts. */
export interface Choice {
  readonly kind: 'choice';
  readonly options: readonly Part[];
}

/** A part by reference. */
export interface Rule {
  readonly kind: 'rule';
  part: Part | null;
}

/** The empty text. */
export interface Nothing {
  readonly kind: 'nothing';
}

export const NOTHING: Nothing = { kind: 'nothing' };

/** One part after the other; without any: nothing. */
export const sequence = (...parts: Part[]): Part =>
  parts.length === 0 ? NOTHING : parts.reduceRight((then, first) => ({ kind: 'sequence', first, then }));

export const choice = (...options: Part[]): Part =>
  options.length === 1 ? options[0]! : { kind: 'choice', options };

export const optional = (part: Part): Part => choice(part, NOTHING);

/** Sets by their ranges: single bytes, digits, and those of the grammars here. */
const sets = new Map<string, Bytes>();

/** Bytes of ranges, both ends included. Equal ones are one object: a schema has many. */
export function bytes(...ranges: readonly (readonly [from: number, to: number])[]): Bytes {
  const key = ranges.join(' ');
  const known = sets.get(key);
  if (known) return known;
  const set = new Uint8Array(256);
  for (const [from, to] of ranges) set.fill(1, from, to + 1);
  const made: Bytes = { kind: 'bytes', set };
  sets.set(key, made);
  return made;
}

/** A text as it is, in UTF-8. */
export const literal = (text: string): Part =>
  sequence(...Array.from(new TextEncoder().encode(text), (byte) => bytes([byte, byte])));

/** A part, any number of times. */
export function repeated(part: Part): Part {
  const rule: Rule = { kind: 'rule', part: null };
  rule.part = choice(sequence(part, rule), NOTHING);
  return rule;
}

/** A part up to a number of times. */
export function upTo(part: Part, most: number): Part {
  let rest: Part = NOTHING;
  for (let i = 0; i < most; i++) rest = optional(sequence(part, rest));
  return rest;
}
