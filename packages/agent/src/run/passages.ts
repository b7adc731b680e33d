import type { Passage } from '@chorus/protocol';
import { fenced, visible } from './fence.ts';

const RULE =
  'Passages of documents that may answer the message below, numbered. After each statement that rests on one, write its ' +
  'number in brackets, such as [1]. If none of them answers, say so.';

/** Where a passage is, as readers see it: `hours.txt, "Prices"`. */
export function placeText({ source, place }: Pick<Passage, 'source' | 'place'>): string {
  return place === null ? source : `${source}, ${JSON.stringify(place)}`;
}

/**
 * A message with the passages that may answer it, as many as fit.
 * @param bytes that the passages may take
 */
export function withPassages(
  message: string,
  passages: readonly Passage[],
  code: string,
  bytes: number,
): { text: string; shown: readonly Passage[] } {
  for (let count = passages.length; count > 0; count--) {
    const shown = passages.slice(0, count);
    const list = shown.map((passage, i) => `[${i + 1}] ${visible(placeText(passage))}\n${passage.text}`);
    const text = `${RULE}\n${fenced(list.join('\n\n'), code)}\n\n`;
    if (Buffer.byteLength(text) <= bytes) return { text: text + message, shown };
  }
  return { text: message, shown: [] };
}

/** Longest question that is searched with, in characters. */
const MAX_QUESTION = 2_000;

/** A message of fewer words is searched with the one before: "And on Sundays?" means nothing alone. */
const FEW_WORDS = 5;

/** What the documents are searched for. */
export function questionOf(message: string, earlier: readonly { from: string; text: string }[]): string {
  const isShort = message.trim().split(/\s+/).length < FEW_WORDS;
  const before = isShort ? (earlier.findLast(({ from }) => from === 'caller')?.text ?? '') : '';
  return `${message}\n${before}`.trim().slice(0, MAX_QUESTION);
}
