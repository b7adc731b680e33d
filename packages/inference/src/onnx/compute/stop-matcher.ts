/**
 * Lets text through byte by byte until one of the stop texts is complete. Bytes that may be the beginning of one are
 * held back until it is clear.
 */
export class StopMatcher {
  readonly #stops: readonly Uint8Array[];
  #held: number[] = [];

  constructor(stops: readonly string[]) {
    this.#stops = stops.map((stop) => new TextEncoder().encode(stop));
  }

  /** @returns the bytes that can be shown now, and whether a stop text is complete; it is not shown itself */
  push(byte: number): { bytes: number[]; stopped: boolean } {
    this.#held.push(byte);
    const stop = this.#stops.find((each) => endsWith(this.#held, each, each.length));
    if (stop) return { bytes: this.#held.splice(0, this.#held.length - stop.length), stopped: true };
    const keep = this.#stops.reduce((most, each) => Math.max(most, this.#begun(each)), 0);
    return { bytes: this.#held.splice(0, this.#held.length - keep), stopped: false };
  }

  /** What is held back when no more bytes come. */
  rest(): number[] {
    return this.#held.splice(0);
  }

  /** Bytes at the end that are the beginning of a stop text. */
  #begun(stop: Uint8Array): number {
    for (let length = Math.min(stop.length - 1, this.#held.length); length > 0; length--) {
      if (endsWith(this.#held, stop, length)) return length;
    }
    return 0;
  }
}

/** Whether `bytes` end with the first `length` of `stop`. */
function endsWith(bytes: readonly number[], stop: Uint8Array, length: number): boolean {
  if (bytes.length < length) return false;
  for (let i = 0; i < length; i++) if (bytes[bytes.length - length + i] !== stop[i]) return false;
  return true;
}
