import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ChorusError } from '@chorus/protocol';
import { unreadable } from './unreadable.ts';

/**
 * The bytes of a file as a stream, decompressed if the file begins as gzip does, under any name.
 * @throws ChorusError `E_DATA_UNREADABLE`; while it is read, what {@link readingError} explains
 */
export async function openBytes(path: string): Promise<Readable> {
  const first = createReadStream(path, { end: 1 });
  let gzip = false;
  try {
    for await (const chunk of first) gzip = chunk[0] === 0x1f && chunk[1] === 0x8b;
  } catch (error) {
    throw unreadable(path, error);
  }
  const file = createReadStream(path);
  if (!gzip) return file;
  // An error of either ends both; the reader of the result sees it.
  return pipeline(file, createGunzip(), () => {});
}

/**
 * Explains an error while reading {@link openBytes}: the file system refuses, or the compressed bytes are damaged.
 */
export function readingError(path: string, error: unknown): ChorusError {
  if (error instanceof Error && 'syscall' in error) return unreadable(path, error);
  return new ChorusError('E_DATA_FORMAT', 'the file cannot be decompressed', {
    facts: { path, reason: error instanceof Error && 'code' in error ? String(error.code) : undefined },
    hint: 'the file is damaged or was cut: fetch it again, or unpack it with gunzip to see how far it goes',
    cause: error,
  });
}
