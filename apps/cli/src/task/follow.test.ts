import { ChorusError } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Heartbeat } from '../output/heartbeat.ts';
import { follow, type TaskView, waitingFor } from './follow.ts';
import { endLines, worthAWord } from './task-end.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const view = (change: Partial<TaskView>): TaskView => ({
  id: '3',
  status: 'joining',
  round: 0,
  rounds: 2,
  deadline: new Date(Date.now() + 30_000).toISOString(),
  waitsFor: 'members: trainers 1 of 2',
  ...change,
});

function following(look: () => Promise<TaskView>) {
  const said: string[] = [];
  const over = Promise.withResolvers<void>();
  const abort = new AbortController();
  const beat = new Heartbeat((text) => said.push(text));
  const looked = async () => waitingFor(await look());
  const done = follow({ taskId: '3', look: looked, ended: over.promise, beat, signal: abort.signal });
  return { said, over, abort, done };
}

describe('a task that is followed', () => {
  it('following a task reports what it waits for when that changes, and for how long, until it is over', async () => {
    let now = view({});
    const { said, over, done } = following(async () => now);
    await vi.advanceTimersByTimeAsync(100);
    expect(said).toEqual(['task 3 waits for members: trainers 1 of 2 (at most 30 s more) ...']);
    now = view({ status: 'running', round: 1, waitsFor: 'updates: 0 of 2', deadline: null });
    await vi.advanceTimersByTimeAsync(12_000);
    expect(said.slice(1)).toEqual([
      'task 3, round 1 of 2, waits for updates: 0 of 2 ...',
      expect.stringMatching(/^task 3, round 1 of 2, waits for updates: 0 of 2 \(\d+ s so far\) \.\.\.$/),
    ]);
    over.resolve();
    await done;
    const told = said.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said).toHaveLength(told);
  });

  it('following a task survives a sleeping node, and reports it', async () => {
    let asleep = true;
    const { said, over, done } = following(async () => {
      if (asleep) throw new ChorusError('E_ADMIN_UNREACHABLE', 'the node does not answer');
      return view({});
    });
    await vi.advanceTimersByTimeAsync(72_000);
    expect(said[0]).toContain('it may be asleep');
    asleep = false;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(said.at(-1)).toContain('waits for members');
    over.resolve();
    await done;
  });

  it('following a task ends with the task even if no event reports the end', async () => {
    const { said, done } = following(async () => view({ status: 'ended' }));
    await vi.advanceTimersByTimeAsync(61_000);
    await done;
    expect(said[0]).toContain('has ended');
  });

  it('a task is no longer followed once the node has ended, or the user stops it', async () => {
    const gone = following(async () => {
      throw new ChorusError('E_ADMIN_NOT_RUNNING', 'the node has ended');
    });
    await expect(gone.done).rejects.toMatchObject({ code: 'E_ADMIN_NOT_RUNNING' });
    const left = following(async () => view({}));
    await vi.advanceTimersByTimeAsync(100);
    left.abort.abort();
    await vi.advanceTimersByTimeAsync(100);
    await left.done;
  });

  it('following a task distinguishes an overdue phase from one in time', () => {
    expect(waitingFor(view({ deadline: new Date(Date.now() - 1).toISOString() })).until()).toContain(
      'has passed',
    );
    expect(waitingFor(view({ deadline: null })).until()).toBe('');
  });
});

describe('a task that has ended', () => {
  const end = { taskId: '3', round: 2, rounds: 2, home: '/h', decimals: 18 };

  it('the end of a task prints the commands for its model and its refund', () => {
    expect(endLines({ ...end, remaining: `${5n * 10n ** 17n}` })).toEqual([
      'task 3 has ended after round 2 of 2',
      'its model: chorus model get --home /h --task 3 -o model.onnx',
      '0.5 tokens were not paid: chorus task refund 3 --home /h',
    ]);
  });

  it('the end of a task omits tiny amounts, a missing model, and money of others', () => {
    expect(worthAWord('7295360172', 18)).toBe(false);
    expect(worthAWord('100', 6)).toBe(true);
    expect(endLines({ ...end, remaining: '7295360172' })).toHaveLength(2);
    expect(endLines({ ...end, remaining: null })).toHaveLength(2);
    expect(endLines({ ...end, round: 0, remaining: '0' })).toEqual([
      expect.stringContaining('no one was paid'),
    ]);
  });
});
