import { expect, test } from 'vitest';
import {
  ASK_CREDIT_BYTES,
  MAX_CREDIT_BYTES,
  WANTLIST_BYTES_PER_WINDOW,
  WANTLIST_WINDOW_MS,
} from '../core/limits.ts';
import { Budget } from './budget.ts';

test('a peer may keep sending its wantlists, and the blocks requested from it', () => {
  let now = 0;
  const budget = new Budget(() => now);
  expect(budget.spend('a', WANTLIST_BYTES_PER_WINDOW)).toBe(true);
  expect(budget.spend('a', 1)).toBe(false);
  expect(budget.spend('b', 1)).toBe(true);
  now += WANTLIST_WINDOW_MS;
  expect(budget.spend('a', WANTLIST_BYTES_PER_WINDOW)).toBe(true);
  budget.asked('a');
  expect(budget.spend('a', ASK_CREDIT_BYTES)).toBe(true);
  expect(budget.spend('a', 1)).toBe(false);
});

test('a peer’s remaining budget stays within bounds, and is not lost when a window ends', () => {
  let now = 0;
  const budget = new Budget(() => now);
  for (let i = 0; i < 1_000; i++) budget.asked('a');
  now += WANTLIST_WINDOW_MS;
  expect(budget.spend('a', MAX_CREDIT_BYTES)).toBe(true);
  expect(budget.spend('a', 1)).toBe(false);
});
