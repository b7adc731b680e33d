import { writeSync } from 'node:fs';
import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { plainJson, reasonOf, STEERING, withoutSecrets } from '@chorus/protocol';

/** Matches a style, or a character that controls a terminal. */
const STYLE_OR_STEERING = new RegExp(`\\p{Cc}\\[[\\d;]*m|${STEERING}`, 'gu');

/**
 * Text in which only styles, newlines and tabs control a terminal: its names, reasons and errors may come from
 * strangers.
 */
export function harmless(text: string): string {
  return text.replace(STYLE_OR_STEERING, (found) =>
    found === '\n' || found === '\t' || (found.length > 1 && found.startsWith('\u001b')) ? found : '\ufffd',
  );
}

/**
 * Write readable text: with its colours to a terminal that has them (`NO_COLOR` and `FORCE_COLOR` count),
 * without them to a file or a pipe.
 */
export function write(stream: WriteStream, text: string): void {
  const forced = process.env.FORCE_COLOR !== undefined && process.env.FORCE_COLOR !== '0';
  const colours = forced || (stream.isTTY && stream.hasColors());
  stream.write(harmless(withoutSecrets(colours ? text : stripVTControlCharacters(text))));
}

/** Write a JSON document, unchanged except that characters that control a terminal are escaped. */
export function writeJson(json: string): void {
  process.stdout.write(`${plainJson(withoutSecrets(json))}\n`);
}

let needsReader = true;

/** Exit code of a command whose output cannot be written (sysexits.h: EX_IOERR). */
const OUTPUT_FAILED = 74;

/**
 * A program that reads our output may end first, as `head` does: that is not an error, and output is no longer
 * needed. Output that cannot be written, as on a full disk, ends a command with an error, but not a node.
 */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!needsReader) return;
      if (error.code === 'EPIPE') process.exit(0);
      try {
        // Written to the descriptor: the stream itself may have just failed.
        if (stream === process.stdout)
          writeSync(2, `error: the output cannot be written: ${reasonOf(error)}\n`);
      } catch {}
      process.exit(OUTPUT_FAILED);
    });
  }
}

/** A node goes on even if no one reads its output. */
export function goOnWithoutReader(): void {
  needsReader = false;
}
