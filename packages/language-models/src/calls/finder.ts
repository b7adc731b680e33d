/** Finds a text within another one, byte by byte (Knuth, Morris and Pratt 1977). */
export class Finder {
  readonly #mark: Uint8Array;
  /** By the bytes that are found: as many of them would be found if the next one were not. */
  readonly #fallback: number[] = [0];
  /** Whether the text may stand at the beginning alone. */
  readonly #isFirst: boolean;

  /** @param mark one byte or more */
  constructor(mark: Uint8Array, isFirst: boolean) {
    [this.#mark, this.#isFirst] = [mark, isFirst];
    for (let at = 1, found = 0; at < mark.length; at++) {
      while (found > 0 && mark[at] !== mark[found]) found = this.#fallback[found - 1]!;
      if (mark[at] === mark[found]) found++;
      this.#fallback.push(found);
    }
  }

  /**
   * @param found bytes at the end of the text so far that the mark begins with; null: it cannot come any more
   * @returns the same after one more byte; the length of the mark if it is complete
   */
  next(found: number | null, byte: number): number | null {
    if (found === null || this.#mark[found] === byte) return found === null ? null : found + 1;
    if (this.#isFirst) return null;
    let at = found;
    while (at > 0 && this.#mark[at] !== byte) at = this.#fallback[at - 1]!;
    return this.#mark[at] === byte ? at + 1 : 0;
  }

  get length(): number {
    return this.#mark.length;
  }
}
