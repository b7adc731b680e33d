import { afterEach, expect, it } from 'vitest';
import { parseDemoOptions, type RawDemoOptions } from './options.ts';

const raw = (more: Partial<RawDemoOptions>): RawDemoOptions => ({
  split: 'iid',
  attack: 'label',
  seed: '1',
  model: 'mlp',
  ...more,
});

const terminal = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY');
afterEach(() => {
  if (terminal) Object.defineProperty(process.stdout, 'isTTY', terminal);
  else Reflect.deleteProperty(process.stdout, 'isTTY');
});

it.each<[boolean, Partial<RawDemoOptions>, boolean]>([
  [true, { keep: true }, true],
  [true, { keep: '/tmp/kept' }, true],
  [true, {}, false],
  [true, { keep: true, json: true }, false],
  [false, { keep: true }, false],
  [false, { keep: true, page: true }, true],
  [false, { page: true }, true],
])('in a terminal (%s), %j goes on with a page: %s', (isTTY, more, page) => {
  Object.defineProperty(process.stdout, 'isTTY', { value: isTTY, configurable: true });
  expect(parseDemoOptions(raw(more)).page).toBe(page);
});

it('a page is not shown to a program that reads JSON', () => {
  expect(() => parseDemoOptions(raw({ page: true, json: true }))).toThrow(
    expect.objectContaining({ code: 'E_USAGE', hint: expect.stringContaining('one of the two') }),
  );
});
