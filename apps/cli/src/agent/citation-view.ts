import { placeText } from '@chorus/agent';
import type { Citation } from '@chorus/protocol';
import colors from 'yoctocolors';
import { answerText } from './view.ts';

/** Longest shown words of a document. */
const SHOWN = 100;

/** What the numbers in an answer stand for, a line for each. */
export function citationLines(citations: readonly Citation[]): string[] {
  return citations.map((citation) => {
    const { number, quote } = citation;
    const words = answerText(quote).replaceAll(/\s+/g, ' ');
    const shown = words.length > SHOWN ? `${words.slice(0, SHOWN)}...` : words;
    return `[${number}] ${answerText(placeText(citation)).replaceAll('\n', ' ')}  ${colors.dim(JSON.stringify(shown))}`;
  });
}
