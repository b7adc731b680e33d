import { PassThrough } from 'node:stream';
import type { ReadStream } from 'node:tty';
import { expect, it } from 'vitest';
import { Interrupted } from './exit.ts';
import { dropTypedAhead } from './typed-ahead.ts';

/** A terminal in which this was typed before any program read it. */
function terminalWith(typed: string) {
  const input = Object.assign(new PassThrough(), {
    raw: false,
    setRawMode(raw: boolean) {
      input.raw = raw;
      return input;
    },
  });
  if (typed !== '') input.write(typed);
  let written = '';
  const output = {
    columns: 10,
    write: (text: unknown) => {
      written += String(text);
      return true;
    },
  };
  return {
    input,
    written: () => written,
    dropped: () => dropTypedAhead(input as unknown as ReadStream, output),
  };
}

it.each([
  ['a word without Enter', 'hunter2', '\r\u001b[0J'],
  ['a word', 'hunter2\n', '\r\u001b[1A\u001b[0J'],
  ['a word over two lines of the screen', 'correct horse\n', '\r\u001b[2A\u001b[0J'],
  ['a word twice', 'hunter2\rhunter2\r', '\r\u001b[2A\u001b[0J'],
])('%s that was typed too early is wiped, and not read later', async (_, typed, wipes) => {
  const { input, written, dropped } = terminalWith(typed);
  expect(await dropped()).toBe(true);
  expect(written()).toBe(wipes);
  expect(input.read()).toBeNull();
  // The terminal does not show text typed from now on.
  expect(input.raw).toBe(true);
});

it('no line is wiped if nothing was typed', async () => {
  const { written, dropped } = terminalWith('');
  expect(await dropped()).toBe(false);
  expect(written()).toBe('');
});

it('Ctrl-C that was typed early is heard, and the terminal shows what is typed again', async () => {
  const { input, dropped } = terminalWith('hunt\u0003');
  await expect(dropped()).rejects.toBeInstanceOf(Interrupted);
  expect(input.raw).toBe(false);
});
