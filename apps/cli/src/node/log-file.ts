import { open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ChorusError } from '@chorus/protocol';

/** Bytes per read, from the end. */
const CHUNK = 64 * 1024;
/** A longer line is cut; the node writes none as long. */
const MAX_LINE = 1024 * 1024;
const POLL_MILLISECONDS = 200;

/** The last whole lines of a file, and where it ends. */
export async function lastLines(path: string, count: number): Promise<{ lines: string[]; end: number }> {
  const file = await open(path, 'r').catch((cause) => {
    throw (cause as NodeJS.ErrnoException).code === 'ENOENT'
      ? new ChorusError('E_DATA_LOG', 'there is no log yet', {
          facts: { path },
          hint: 'start the node; it writes a log unless log.file is off',
        })
      : cause;
  });
  try {
    const { size } = await file.stat();
    let text = Buffer.alloc(0);
    let from = size;
    let newlines = 0;
    // One newline more than lines: the one before the first line.
    while (from > 0 && newlines <= count) {
      const length = Math.min(CHUNK, from);
      from -= length;
      const { buffer } = await file.read({ buffer: Buffer.alloc(length), position: from });
      newlines += buffer.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);
      text = Buffer.concat([buffer, text]);
    }
    const lines = text.toString('utf8').split('\n');
    // The text after the last newline is an incomplete line.
    const rest = Buffer.byteLength(lines.pop() ?? '');
    return { lines: count === 0 ? [] : lines.slice(-count), end: size - rest };
  } finally {
    await file.close();
  }
}

/** Lines appended from a position on, across rotations, until the signal aborts. */
export async function* follow(path: string, start: number, signal: AbortSignal): AsyncGenerator<string> {
  let position = start;
  let inode = (await stat(path)).ino;
  let partial = '';
  while (!signal.aborted) {
    const now = await stat(path).catch(() => null);
    // Rotated: the old file was read to its end at the poll before.
    if (now && (now.ino !== inode || now.size < position)) {
      position = 0;
      inode = now.ino;
      partial = '';
    }
    if (now && now.size > position) {
      const added = await readRange(path, position, Math.min(now.size, position + MAX_LINE));
      position += added.length;
      const lines = (partial + added.toString('utf8')).split('\n');
      partial = (lines.pop() ?? '').slice(0, MAX_LINE);
      yield* lines;
    } else await delay(POLL_MILLISECONDS, undefined, { signal }).catch(() => undefined);
  }
}

async function readRange(path: string, from: number, to: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(to - from), position: from });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
