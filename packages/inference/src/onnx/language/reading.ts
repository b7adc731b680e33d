/** A text in a slot of the writer: its tokens are read, and then perhaps more are written. */
export interface Reading {
  /** What is to be read, and then what was written. */
  readonly tokens: readonly number[];
  /** Tokens whose keys and values are in the slot. */
  read: number;
  /** Tokens that were copied from another text. */
  copied: number;
  /** Place of the first token whose next one is scored; at most that of the last one. */
  readonly scoresFrom: number;
  /**
   * Takes the scores of what follows a token that is not the last one.
   *
   * @param place of the token that was read; the scores are of the one after it
   * @param logits scores of all tokens
   */
  scored(place: number, logits: Float32Array): void;
  /** Says that a part was read. */
  progress(): void;
  /**
   * Everything was read: adds the next token.
   *
   * @param logits scores of all tokens; they may be changed
   * @returns whether the text is complete
   */
  write(logits: Float32Array): boolean;
}
