import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ChorusError } from '@chorus/protocol';
import { unreadable } from './unreadable.ts';

/**
 * The bytes of a file as a stream, decompressed if the file begins as gzip does, under any name.
 * @throws ChorusError `E_DATA_UNREADABLE`; while it is read, what {@link readingError} explains
 */
export async function openBytes(path: string): Promise<Readable> {
  return (await openCounted(path)).bytes;
}

/** {@link openBytes}, and the share of the file, 0 to 1, that has been read at any moment. */
export async function openCounted(path: string): Promise<{ bytes: Readable; done: () => number }> {
  const first = createReadStream(path, { end: 1 });
  let gzip = false;
  let size: number;
  try {
    for await (const chunk of first) gzip = chunk[0] === 0x1f && chunk[1] === 0x8b;
    size = (await stat(path)).size;
  } catch (error) {
    throw unreadable(path, error);
  }
  const file = createReadStream(path);
  const done = () => Math.min(1, file.bytesRead / Math.max(1, size));
  // An error of either ends both; the reader of the result sees it.
  return { bytes: gzip ? pipeline(file, createGunzip(), () => {}) : file, done };
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
