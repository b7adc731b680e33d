import { setTimeout as delay } from 'node:timers/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import { keepSecret } from '@chorus/protocol';
import { Interrupted } from './exit.ts';

/** What waits in the terminal is there at once. */
const LOOK_MILLISECONDS = 50;

/** Lines of the screen that are wiped at most: what was typed early is one word. */
const MOST_LINES = 8;

/**
 * Drop what was typed before a secret is asked for, as getpass(3) does: the terminal has shown it, as nothing had told it
 * not to yet. Its lines are wiped from the screen, as far as nothing was written after them.
 * @returns whether anything was typed
 * @throws Interrupted if Ctrl-C was among it
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
