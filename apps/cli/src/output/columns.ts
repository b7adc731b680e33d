import { stripVTControlCharacters } from 'node:util';
import colors from 'yoctocolors';

/** Rows under dim headings, each column as wide as given, or else as its widest cell. */
export function columns(
  head: string[],
  rows: string[][],
  widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]!.length))),
): string[] {
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => cut(cell, widths[i]!).padEnd(widths[i]!))
      .join(' ')
      .trimEnd();
  return [colors.dim(line(head)), ...rows.map(line)];
}

/** At most `width` characters, colours not counted. */
export function cut(text: string, width: number): string {
  const plain = stripVTControlCharacters(text);
  return plain.length <= width ? text : `${plain.slice(0, Math.max(0, width - 1))}…`;
}
