import { setTimeout as delay } from 'node:timers/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import { keepSecret } from '@chorus/protocol';
import { Interrupted } from './exit.ts';

/** How long to read text that already waits in the terminal, ms: it arrives at once. */
const LOOK_MILLISECONDS = 50;

/** Maximum number of screen lines to wipe: text typed early is one word. */
const MOST_LINES = 8;

/**
 * Drop text that was typed before the question for a secret, as getpass(3) does: the terminal has shown it, because
 * echo was still on. Wipes its lines from the screen, unless something was written after them.
 * @returns whether anything was typed
 * @throws Interrupted if the text contained Ctrl-C
 */
export async function dropTypedAhead(
  input: Pick<ReadStream, 'setRawMode' | 'on' | 'off' | 'pause'>,
  output: Pick<WriteStream, 'write' | 'columns'>,
): Promise<boolean> {
  let typed = '';
  const take = (data: unknown) => {
    typed += data;
  };
  input.setRawMode(true);
  input.on('data', take);
  await delay(LOOK_MILLISECONDS);
  input.off('data', take);
  input.pause();
  if (typed.includes('\u0003')) {
    input.setRawMode(false);
    throw new Interrupted();
  }
  if (typed === '') return false;
  const lines = typed.split(/\r\n?|\n/);
  for (const line of lines) if (line !== '') keepSecret(line);
  const width = output.columns || 80;
  const rows = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / width)), 0);
  const up = Math.min(rows - 1, MOST_LINES);
  output.write(`\r${up > 0 ? `\u001b[${up}A` : ''}\u001b[0J`);
  return true;
}
