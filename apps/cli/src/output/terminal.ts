import { writeSync } from 'node:fs';
import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { plainJson, reasonOf, STEERING, withoutSecrets } from '@chorus/protocol';

/** A style; or what steers a terminal. */
const STYLE_OR_STEERING = new RegExp(`\\p{Cc}\\[[\\d;]*m|${STEERING}`, 'gu');

/**
 * Text of which nothing but styles, newlines and tabs does anything to a terminal: names, reasons and errors in it may
 * be a stranger's.
 */
export function harmless(text: string): string {
  return text.replace(STYLE_OR_STEERING, (found) =>
    found === '\n' || found === '\t' || (found.length > 1 && found.startsWith('\u001b')) ? found : '\ufffd',
  );
}

/**
 * Write text for people: with its colours to a terminal that has them (`NO_COLOR` and `FORCE_COLOR` count),
 * without them to a file or a pipe.
 */
export function write(stream: WriteStream, text: string): void {
  const forced = process.env.FORCE_COLOR !== undefined && process.env.FORCE_COLOR !== '0';
  const colours = forced || (stream.isTTY && stream.hasColors());
  stream.write(harmless(withoutSecrets(colours ? text : stripVTControlCharacters(text))));
}

/** Write a JSON document, as it is but for the escapes of what would steer a terminal. */
export function writeJson(json: string): void {
  process.stdout.write(`${plainJson(withoutSecrets(json))}\n`);
}

let needsReader = true;

/** What a command ends with where its output cannot be written (sysexits.h: EX_IOERR). */
const OUTPUT_FAILED = 74;

/**
 * A program that reads our output may end first, as `head` does: that is no error, and nobody is left to write for.
 * Output that cannot be written, as on a full disk, ends a command with a word about it, and leaves a node alone.
 */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!needsReader) return;
      if (error.code === 'EPIPE') process.exit(0);
      try {
        // By the descriptor: the stream may be the one that has just failed.
        if (stream === process.stdout)
          writeSync(2, `error: the output cannot be written: ${reasonOf(error)}\n`);
      } catch {}
      process.exit(OUTPUT_FAILED);
    });
  }
}

/** A node goes on when nobody reads what it writes. */
export function goOnWithoutReader(): void {
  needsReader = false;
}
