import { readFile, stat } from 'node:fs/promises';
import { keepSecret } from '@chorus/protocol';
import { write } from '../output/terminal.ts';
import { shellWord } from './environment.ts';

/** Longest secret file, bytes; a longer file is a wrong one. */
const MAX_BYTES = 1024;

/**
 * A password or key from its own file; warns if others may read the file.
 * @throws if the file cannot be read, or is too long
 */
export async function readSecretFile(path: string): Promise<string> {
  const { mode, size } = await stat(path);
  if (size > MAX_BYTES) throw new Error('the file is too long for a secret');
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    write(process.stderr, `warning: others may read the file: run chmod 600 ${shellWord(path)}\n`);
  }
  const secret = textOf(await readFile(path));
  keepSecret(secret);
  return secret;
}

/**
 * What a file holds as a text: editors and `echo` end it with newlines, some on other systems begin it with a mark of
 * its encoding, or write it in UTF-16. Neither can be typed, so neither is meant.
 */
export function textOf(bytes: Uint8Array): string {
  const is = (...mark: number[]) => mark.every((byte, i) => bytes[i] === byte);
  const encoding = is(0xff, 0xfe) ? 'utf-16le' : is(0xfe, 0xff) ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes).replace(/[\r\n]+$/, '');
}
