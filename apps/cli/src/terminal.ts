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
