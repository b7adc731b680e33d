import type { Parked } from './key-values.ts';

/** Shorter beginnings are read again: to copy them saves nothing. */
export const SHORTEST = 16;

/** A text that was read, with its keys and values. */
interface Entry {
  tokens: readonly number[];
  parked: Parked;
}

/**
 * Texts that were read and written, so that a text with the same beginning (a system prompt, the conversation so far) is
 * not read again: to copy 512 tokens takes a few milliseconds. The least recently used texts are dropped when their
 * memory is used up.
 */
export class Prefixes {
  readonly #limit: number;
  /** The least recently used first. */
  #entries: Entry[] = [];
  #bytes = 0;

  /** @param limit most bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Keeps a text. @param park copies its keys and values; not called if the text is not worth keeping */
  keep(tokens: readonly number[], park: () => Parked, bytes: number): void {
    if (tokens.length < SHORTEST || bytes > this.#limit) return;
    const found = this.find(tokens);
    // A few tokens more are not worth another copy.
    if (found && tokens.length - found.length < SHORTEST) return;
    // What the new one begins with is not needed any more.
    this.#drop(
      (entry) => entry.tokens.length <= tokens.length && common(entry.tokens, tokens) === entry.tokens.length,
    );
    while (this.#bytes + bytes > this.#limit) this.#drop((_, i) => i === 0);
    this.#entries.push({ tokens, parked: park() });
    this.#bytes += bytes;
  }

  /** The kept text with the longest common beginning. */
  find(tokens: readonly number[]): { parked: Parked; length: number } | undefined {
    let best: { entry: Entry; length: number } | undefined;
    for (const entry of this.#entries) {
      const length = common(entry.tokens, tokens);
      if (length >= Math.max(SHORTEST, (best?.length ?? 0) + 1)) best = { entry, length };
    }
    if (!best) return undefined;
    const { entry, length } = best;
    this.#entries = [...this.#entries.filter((each) => each !== entry), entry];
    return { parked: entry.parked, length };
  }

  #drop(which: (entry: Entry, at: number) => boolean): void {
    const dropped = new Set(this.#entries.filter(which));
    for (const { parked } of dropped) this.#bytes -= parked.data.byteLength;
    this.#entries = this.#entries.filter((entry) => !dropped.has(entry));
  }
}

/** Tokens that two texts begin with alike. */
export function common(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}
