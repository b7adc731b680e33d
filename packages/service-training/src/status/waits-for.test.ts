import type { Address, RoundState, TaskState } from '@chorus/protocol';
import { expect, it } from 'vitest';
import { waitsFor } from './waits-for.ts';

const account = (byte: string): Address => `0x${byte.repeat(20)}`;
const task = {
  status: 'joining',
  trainers: [account('01')],
  maxTrainers: 3,
  minTrainers: 2,
  validators: [account('11'), account('12')],
  activeValidators: [account('11')],
  minValidators: 1,
  aggregators: [],
  minAggregators: 1,
  departed: [],
} as unknown as TaskState;
const running: TaskState = {
  ...task,
  status: 'running',
  trainers: [account('01'), account('02'), account('03')],
  departed: [account('03')],
};
const committed = { commitment: { x: 1n, y: 2n }, digest: '0x00' } as const;
const round = {
  phase: 'commit',
  updates: [committed, null, null],
  references: [{ validator: account('11'), index: 0, seal: '0x00', opened: null }],
} as unknown as RoundState;

it('members are counted while a task looks for them, with the missing number', () => {
  expect(waitsFor(task, null)).toBe(
    'members: trainers 1 of 3 (needs 2), validators 1 of 2, aggregators 0 (needs 1)',
  );
});

it('members that act in a phase are counted, without those that have left', () => {
  expect(waitsFor(running, round)).toBe('updates: 1 of 2 trainers committed, 1 of 1 validator sealed');
  expect(waitsFor(running, { ...round, phase: 'reference' })).toBe('references: 0 of 1 validator opened');
  expect(waitsFor(running, { ...round, phase: 'settle' })).toContain('aggregator');
  expect(waitsFor(running, null)).toBe('the first round');
  expect(waitsFor({ ...running, status: 'ended' }, null)).toBeNull();
});
