import { bigintAsText } from '@chorus/protocol';
import colors from 'yoctocolors';
import { write, writeJson } from './terminal.ts';

/** Lines of `name  value`, aligned. */
export function fields(entries: [name: string, value: string | number][]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `  ${colors.dim(name.padEnd(width))}  ${value}`).join('\n');
}

/** A JSON document on standard output; integers beyond 2^53 are decimal strings. */
export function printJson(value: unknown): void {
  writeJson(JSON.stringify(value, bigintAsText, 2));
}

export function print(...parts: string[]): void {
  write(process.stdout, `${parts.join('\n')}\n`);
}
