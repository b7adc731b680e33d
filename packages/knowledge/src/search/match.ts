import { MAX_WORDS } from '../limits.ts';

/**
 * A question as a query of FTS5: any of its words, so that the best passage has most of them, and the rare ones. Null if it
 * has no word. Each word is quoted: nothing that a caller writes is an operator.
 */
export function matchOf(question: string): string | null {
  const words = new Set(wordsOf(question));
  if (words.size === 0) return null;
  return [...words]
    .slice(0, MAX_WORDS)
    .map((word) => `"${word}"`)
    .join(' OR ');
}

/** Words of a text, in lower case: letters and digits of any script. */
export function wordsOf(text: string): string[] {
  return (
    text
      .slice(0, 10_000)
      .toLowerCase()
      .match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  );
}
