import type { Section } from './document.ts';

/** Longest heading that names a place. */
const MAX_HEADING = 120;

/** The sections of a Markdown text; those below a heading are named by it. A line of code is not one. */
export function markdownSections(text: string): Section[] {
  const sections: Section[] = [];
  let lines: string[] = [];
  let place: string | null = null;
  let fence: string | null = null;
  const end = () => {
    const body = lines.join('\n').trim();
    if (body !== '') sections.push({ place, text: body });
    lines = [];
  };
  for (const line of text.split('\n')) {
    const mark = /^ {0,3}(```|~~~)/.exec(line)?.[1];
    if (mark) fence = fence === null ? mark : fence === mark ? null : fence;
    const heading = fence === null ? /^ {0,3}#{1,6}[ \t]+(\S.{0,500})$/.exec(line) : null;
    if (heading) {
      end();
      place =
        heading[1]!
          .replace(/\s#+\s*$/, '')
          .replaceAll(/[*_`]/g, '')
          .trim()
          .slice(0, MAX_HEADING) || null;
    } else {
      lines.push(line);
    }
  }
  end();
  return sections;
}
