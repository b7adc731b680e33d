import { plainLine } from '@chorus/protocol';

/** Longest title that is shown, characters. */
const MAX_TITLE = 120;

/** A title and a text as a governor keeps them: Markdown, as other tools write and read it. */
export const descriptionOf = (title: string, text: string): string =>
  text.trim() === '' ? `# ${title}` : `# ${title}\n\n${text.trim()}`;

/**
 * The title of a description, its first line, and the text below. Both are a stranger's words: no line has an effect on a
 * terminal but to be shown.
 */
export function readDescription(description: string): { title: string; text: string } {
  const lines = description.trim().split(/\r\n|\r|\n/);
  const first = plainLine(lines[0]!.replace(/^#+\s*/, '')).trim();
  const title = first.length > MAX_TITLE ? `${first.slice(0, MAX_TITLE - 1)}…` : first;
  const rest = first.length > MAX_TITLE ? lines : lines.slice(1);
  return { title: title || '(no title)', text: rest.map(plainLine).join('\n').trim() };
}
