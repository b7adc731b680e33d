import { type CallFormat, openingOf } from '../tokenizer/call-format.ts';
import { Finder } from './finder.ts';

/** What comes of an answer with calls, in order. */
export type CallPart =
  | { kind: 'begin'; name: string }
  /** A further part of the arguments, as JSON. */
  | { kind: 'arguments'; bytes: Uint8Array }
  | { kind: 'end' };

/** Where an answer stands. */
type Place =
  | { in: 'text'; found: number | null }
  /** Bytes that are known: then the name, or the arguments. */
  | { in: 'mark'; left: number; then: 'name' | 'arguments' | 'next' }
  | { in: 'name' }
  | { in: 'arguments'; depth: number; inString: boolean; isEscaped: boolean }
  /** Between calls, or after the last one. */
  | { in: 'next' };

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPEN: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const CLOSE: ReadonlySet<number> = new Set([0x7d, 0x5d]);
/** Longer than any name that can be called. */
const MOST_NAME = 128;

/**
 * Reads an answer that the grammar of calls has allowed, byte by byte: its text, and its calls. Bytes that may begin a call are
 * held back until it is clear. Control tokens are spelled (`spelledBytes`).
 */
export class CallReader {
  readonly #format: CallFormat;
  readonly #finder: Finder;
  readonly #lead: number;
  #held: number[] = [];
  #place: Place;
  #name: number[] = [];

  /** @param isText the text before calls may be any; otherwise, as of JSON, which may have the mark in it, calls stand first */
  constructor(format: CallFormat, isText: boolean) {
    this.#format = format;
    const { mark, rest } = openingOf(format);
    this.#finder = new Finder(mark, format.isFirst || !isText);
    this.#lead = rest.length;
    this.#place = { in: 'text', found: 0 };
  }

  /** @returns the text that can be shown now, and parts of calls */
  push(bytes: Iterable<number>): { text: number[]; parts: CallPart[] } {
    const text: number[] = [];
    const parts: CallPart[] = [];
    let json: number[] = [];
    const flush = (): void => {
      if (json.length > 0) parts.push({ kind: 'arguments', bytes: Uint8Array.from(json) });
      json = [];
    };
    for (const byte of bytes) {
      const before = this.#place.in;
      if (before === 'text') text.push(...this.#inText(byte));
      else if (before === 'mark') this.#inMark();
      else if (before === 'name') this.#inName(byte, parts);
      else if (before === 'next') this.#inNext(byte);
      else {
        json.push(byte);
        if (!this.#inArguments(byte)) continue;
        flush();
        parts.push({ kind: 'end' });
      }
    }
    flush();
    return { text, parts };
  }

  /** Text that was held back, when no more comes. A call that is not complete is left out. */
  rest(): number[] {
    return this.#held.splice(0);
  }

  #inText(byte: number): number[] {
    const found = this.#finder.next((this.#place as { found: number | null }).found, byte);
    this.#held.push(byte);
    if (found === this.#finder.length) {
      this.#held = [];
      this.#skip(this.#lead, 'name');
      return [];
    }
    this.#place = { in: 'text', found };
    return this.#held.splice(0, this.#held.length - (found ?? 0));
  }

  #skip(left: number, then: 'name' | 'arguments' | 'next'): void {
    if (left > 0) this.#place = { in: 'mark', left, then };
    else if (then === 'arguments') this.#place = { in: then, depth: 0, inString: false, isEscaped: false };
    else this.#place = { in: then };
  }

  #inMark(): void {
    const { left, then } = this.#place as Extract<Place, { in: 'mark' }>;
    this.#skip(left - 1, then);
  }

  #inName(byte: number, parts: CallPart[]): void {
    if (byte !== this.#format.middle[0] && this.#name.length < MOST_NAME) {
      this.#name.push(byte);
      return;
    }
    parts.push({ kind: 'begin', name: Buffer.from(this.#name).toString() });
    this.#name = [];
    this.#skip(this.#format.middle.length - 1, 'arguments');
  }

  /** @returns whether the arguments are complete */
  #inArguments(byte: number): boolean {
    const at = this.#place as Extract<Place, { in: 'arguments' }>;
    if (at.inString) {
      if (at.isEscaped) at.isEscaped = false;
      else if (byte === BACKSLASH) at.isEscaped = true;
      else if (byte === QUOTE) at.inString = false;
      return false;
    }
    if (byte === QUOTE) at.inString = true;
    else if (OPEN.has(byte)) at.depth++;
    else if (CLOSE.has(byte) && --at.depth === 0) {
      this.#skip(this.#format.after.length, 'next');
      return true;
    }
    return false;
  }

  #inNext(byte: number): void {
    const again = [...this.#format.separator, ...this.#format.before];
    if (byte === again[0]) this.#skip(again.length - 1, 'name');
  }
}
