import { PASSAGE_LENGTH } from '../limits.ts';
import type { Section } from '../parse/document.ts';

/**
 * Sections as passages of a length that fits into a prompt: whole paragraphs where they fit, sentences otherwise, and a cut
 * between words at worst.
 */
export function toPassages(sections: readonly Section[]): Section[] {
  return sections.flatMap(({ place, text }) =>
    joined(pieces(text)).map((passage) => ({ place, text: passage })),
  );
}

/** Parts of a text, none longer than a passage, with the separators that follow them. */
function pieces(text: string, separators: readonly RegExp[] = SEPARATORS): string[] {
  if (text.length <= PASSAGE_LENGTH) return [text];
  const [separator, ...finer] = separators;
  if (!separator) {
    const count = Math.ceil(text.length / PASSAGE_LENGTH);
    return Array.from({ length: count }, (_, i) => text.slice(i * PASSAGE_LENGTH, (i + 1) * PASSAGE_LENGTH));
  }
  return text.split(separator).flatMap((part) => pieces(part, finer));
}

/** Behind a paragraph, a line, a sentence, a word. */
const SEPARATORS = [/(?<=\n\s*\n)/, /(?<=\n)/, /(?<=[.!?\u3002] )/, /(?<= )/];

function joined(parts: readonly string[]): string[] {
  const passages: string[] = [];
  let current = '';
  for (const part of parts) {
    if (current !== '' && current.length + part.length > PASSAGE_LENGTH) {
      passages.push(current);
      current = '';
    }
    current += part;
  }
  passages.push(current);
  return passages.map((passage) => passage.trim()).filter((passage) => passage !== '');
}
