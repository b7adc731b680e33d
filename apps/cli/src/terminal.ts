import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';

/**
 * Write text for people: with its colours to a terminal that has them (`NO_COLOR` and `FORCE_COLOR` count),
 * without them to a file or a pipe.
 */
export function write(stream: WriteStream, text: string): void {
  const forced = process.env.FORCE_COLOR !== undefined && process.env.FORCE_COLOR !== '0';
  const colours = forced || (stream.isTTY && stream.hasColors());
  stream.write(colours ? text : stripVTControlCharacters(text));
}

let needsReader = true;

/** A program that reads our output may end first, as `head` does: that is no error, and nobody is left to write for. */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (needsReader) process.exit(0);
    });
  }
}

/** A node goes on when nobody reads what it writes. */
export function goOnWithoutReader(): void {
  needsReader = false;
}
