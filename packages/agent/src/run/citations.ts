import type { Citation, Passage } from '@chorus/protocol';

/** Characters of a quote. */
const MAX_QUOTE = 280;

/** A number in brackets that is no link and no index: `[1]`, `[1, 3]`. */
const REFERENCE = /(?<![\p{L}\p{N}_])\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\](?!\()/gu;

/**
 * What a text cites of the passages that the model was shown: each once, in the order of the text. Numbers of no passage are
 * left out: the model made them up.
 * @param passages numbered from 1
 */
export function citationsOf(text: string, passages: readonly Passage[]): Citation[] {
  const citations = new Map<number, Citation>();
  for (const match of text.matchAll(REFERENCE)) {
    for (const number of match[1]!.split(/[,;]/).map(Number)) {
      const passage = passages[number - 1];
      if (!passage || citations.has(number)) continue;
      const { source, place } = passage;
      const start = match.index;
      const quote = quoteOf(passage.text, statementBefore(text, start));
      citations.set(number, { number, source, place, quote, start, end: start + match[0].length });
    }
  }
  return [...citations.values()];
}

/** The sentence that ends at a reference. */
function statementBefore(text: string, end: number): string {
  const parts = text.slice(Math.max(0, end - 400), end).split(/(?<=[.!?])\s|\n/);
  return parts.findLast((part) => part.trim() !== '') ?? '';
}

/** The sentence of a passage that shares most words with a statement, verbatim. */
function quoteOf(passage: string, statement: string): string {
  const words = new Set(wordsOf(statement));
  const sentences = passage.split(/(?<=[.!?])\s+|\n+/).filter((sentence) => sentence.trim() !== '');
  let best = sentences[0] ?? passage;
  let most = 0;
  for (const sentence of sentences) {
    const shared = new Set(wordsOf(sentence).filter((word) => words.has(word))).size;
    if (shared > most) [best, most] = [sentence, shared];
  }
  return best.trim().slice(0, MAX_QUOTE);
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? [];
