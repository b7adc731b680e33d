import { expect, test } from 'vitest';
import { fetchTimeout, lookAgainTimeout, modelTimeout } from './round-context.ts';
import type { TaskState } from './task.ts';

const task = (settleSeconds: number) => ({ settleSeconds }) as TaskState;

test('a fetch may take a quarter of the time to settle, and never more than 30 s', () => {
  expect(fetchTimeout(task(20))).toBe(5_000);
  expect(fetchTimeout(task(100_000))).toBe(30_000);
  expect(lookAgainTimeout(task(20))).toBe(1_667);
});

test('a model has that time and, on top, the time of its bytes at 256 KB/s', () => {
  expect(modelTimeout(task(20), 0)).toBe(5_000);
  expect(modelTimeout(task(20), 256 * 1024)).toBe(6_000);
  expect(modelTimeout(task(100_000), 98e6)).toBeGreaterThan(6 * 60_000);
});
