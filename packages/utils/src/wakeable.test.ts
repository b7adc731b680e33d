import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Wakeable } from './wakeable.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const HOUR = 3_600_000;

async function isOver(wait: Promise<void>): Promise<boolean> {
  let over = false;
  void wait.then(() => {
    over = true;
  });
  await vi.advanceTimersByTimeAsync(0);
  return over;
}

it('a wait lasts until its time', async () => {
  const wait = new Wakeable().until(Date.now() + HOUR, new AbortController().signal);
  await vi.advanceTimersByTimeAsync(HOUR - 1);
  expect(await isOver(wait)).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await isOver(wait)).toBe(true);
});

it('a wait ends when it is woken, also by what happened after the look and before the wait', async () => {
  const loop = new Wakeable();
  const { signal } = new AbortController();
  const wait = loop.until(Date.now() + HOUR, signal);
  loop.wake();
  expect(await isOver(wait)).toBe(true);
  loop.looking();
  loop.wake();
  expect(await isOver(loop.until(Date.now() + HOUR, signal))).toBe(true);
  loop.looking();
  expect(await isOver(loop.until(Date.now() + HOUR, signal))).toBe(false);
});

it('a wait ends with its signal, and does not begin after it; no timer is left', async () => {
  const loop = new Wakeable();
  const abort = new AbortController();
  const wait = loop.until(Date.now() + HOUR, abort.signal);
  abort.abort();
  expect(await isOver(wait)).toBe(true);
  expect(await isOver(loop.until(Date.now() + HOUR, abort.signal))).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

it('a time beyond what a timer takes does not end the wait at once', async () => {
  expect(await isOver(new Wakeable().until(Number.POSITIVE_INFINITY, new AbortController().signal))).toBe(
    false,
  );
});
