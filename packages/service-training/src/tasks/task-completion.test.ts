import type { TaskState } from '@chorus/protocol';
import { expect, it } from 'vitest';
import type { TrainingEvent } from '../events/training-events.ts';
import type { TaskRunner } from '../rounds/task-runner.ts';
import { type EndingsParts, TaskCompletion } from './task-completion.ts';

/** A node that has recomputed some rounds of an ended task only. */
function completion(signal: AbortSignal) {
  const events: TrainingEvent[] = [];
  const chain = {
    task: async () => ({ totalCommitment: {} }),
    decimals: async () => 18,
    account: '0x01',
  };
  const parts = {
    ports: { chain },
    runners: new Map(),
    background: { retrying: (work: () => Promise<void>) => work() },
    emit: (event: TrainingEvent) => events.push(event),
    signal,
  } as unknown as EndingsParts;
  const tasks = new TaskCompletion(parts);
  // What follows the check of the model is not of interest here.
  tasks.payout.claim = async () => null;
  tasks.payout.releaseStake = async () => Promise.reject(new Error('enough'));
  const runner = { session: { taskId: 3n }, history: { opens: async () => false } } as unknown as TaskRunner;
  const over = tasks.over(runner, { id: 3n, owner: '0x02', token: '0x03' } as unknown as TaskState);
  return { events, over: over.catch(() => {}) };
}

it('a node that is stopped before it has recomputed the last rounds of a task does not call its model wrong', async () => {
  const { events, over } = completion(AbortSignal.abort());
  await over;
  expect(events).toEqual([]);
});

it('a node whose model does not open the commitments of an ended task says so', async () => {
  const { events, over } = completion(new AbortController().signal);
  await over;
  expect(events).toEqual([expect.objectContaining({ type: 'task-ended', opensCommitment: false })]);
});
