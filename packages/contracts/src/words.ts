/** How `Settlement` packs small integers into 256-bit words (docs/explain/proofs.md: one public input costs 6,200 gas). */
export interface WordLayout {
  /** Bits of one entry. */
  bits: number;
  /** Entries of one word, lowest first. */
  perWord: number;
  /** Words of a settlement with 16 trainers. */
  words: number;
}

/** 17-bit weights, 14 to a word. */
export const WEIGHT_WORDS: WordLayout = { bits: 17, perWord: 14, words: 2 };

/** 33-bit shares, 7 to a word. */
export const SHARE_WORDS: WordLayout = { bits: 33, perWord: 7, words: 3 };

/**
 * Pack integers into words.
 * @throws RangeError where an entry does not fit its bits or there are too many
 */
export function packWords(values: readonly number[], layout: WordLayout): bigint[] {
  if (values.length > layout.perWord * layout.words) throw new RangeError('too many entries to pack');
  const words = new Array<bigint>(layout.words).fill(0n);
  for (const [i, value] of values.entries()) {
    if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** layout.bits) {
      throw new RangeError(`entry ${i} does not fit ${layout.bits} bits: ${value}`);
    }
    const k = Math.floor(i / layout.perWord);
    words[k]! |= BigInt(value) << BigInt(layout.bits * (i % layout.perWord));
  }
  return words;
}

/** The first `count` entries of packed words. */
export function unpackWords(words: readonly bigint[], count: number, layout: WordLayout): number[] {
  const mask = (1n << BigInt(layout.bits)) - 1n;
  return Array.from({ length: count }, (_, i) => {
    const word = words[Math.floor(i / layout.perWord)] ?? 0n;
    return Number((word >> BigInt(layout.bits * (i % layout.perWord))) & mask);
  });
}
