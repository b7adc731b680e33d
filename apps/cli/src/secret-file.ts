import { readFile, stat } from 'node:fs/promises';
import { write } from './terminal.ts';

/** Longer is a wrong file. */
const MAX_BYTES = 1024;

/**
 * A password or key from a file of its own; a warning is written where others may read it.
 * @throws where it cannot be read, or is too long
 */
export async function readSecretFile(path: string): Promise<string> {
  const { mode, size } = await stat(path);
  if (size > MAX_BYTES) throw new Error('the file is too long for a secret');
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    write(process.stderr, `warning: others may read ${path}: run chmod 600 on it\n`);
  }
  // Editors end a file with a newline.
  return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
}
