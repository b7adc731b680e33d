import { Repeats } from '@chorus/node/testing';
import { expect, it } from 'vitest';
import { NODE_EVENTS } from './log-messages.ts';

it('a repeated line is written once, and then with its count', () => {
  let now = 0;
  const repeats = new Repeats(NODE_EVENTS, () => now);
  const full = (pause: number) =>
    repeats.seen({
      type: 'warning',
      code: 'E_STORE_FULL',
      message: `no room, again in ${pause} s`,
      hint: null,
    });
  expect(full(1)).toBe(0);
  for (let i = 2; i < 20; i++) expect(full(i)).toBeNull();
  expect(repeats.seen({ type: 'warning', code: 'E_STORE_FULL', message: 'another matter', hint: null })).toBe(
    0,
  );
  now = 600_000;
  expect(full(600)).toBe(18);
  expect(full(601)).toBeNull();
});

it('a task refused for the same reason is logged once; for another reason, or another task, again', () => {
  const repeats = new Repeats(NODE_EVENTS, () => 0);
  const refused = (taskId: bigint, code: string) =>
    repeats.seen({ type: 'task-refused', taskId, code, message: 'no', hint: null });
  expect([refused(5n, 'E_A'), refused(5n, 'E_A'), refused(5n, 'E_B'), refused(6n, 'E_A')]).toEqual([
    0,
    null,
    0,
    0,
  ]);
  for (let i = 0; i < 2; i++) expect(repeats.seen({ type: 'joined', taskId: 5n })).toBe(0);
});
