import { readFile } from 'node:fs/promises';
import { ChorusError } from '@chorus/protocol';

/** Longest input that is read, bytes; the node bounds it further. */
const MAX_BYTES = 64 * 1024;

/** The JSON value in a file. @throws ChorusError `E_USAGE` */
export async function inputOf(path: string): Promise<unknown> {
  const refuse = (message: string, hint: string, cause?: unknown) =>
    new ChorusError('E_USAGE', message, { facts: { path }, hint, cause });
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw refuse('the input cannot be read', 'check the path', cause);
  });
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw refuse('the input is too long', 'store what is large, and name it in the input by its CID');
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuse('the input is no JSON', 'a text is JSON too: "in quotes"', cause);
  }
}
