import type { AgentModel } from '@chorus/agent';
import { ChorusError, type TaskState } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentsEvent } from '../events/agent-events.ts';
import { TaskFollower } from './follow-task.ts';

const model = (follow: boolean): AgentModel =>
  ({ kind: 'network', task: 3n, cid: null, follow, bytes: null, sampling: {} }) as unknown as AgentModel;

let task: Pick<TaskState, 'totalCommitment' | 'status'>;
let events: AgentsEvent[];
let closing: AbortController;
const settle = (x: bigint) => {
  task = { ...task, totalCommitment: { x, y: 1n } };
};

/** A follower, and an agent that is opened by it as a slot does. */
function follower(open: () => Promise<void> = async () => {}) {
  const adopted: bigint[] = [];
  const chain = { chainId: 31_337, task: vi.fn(async () => task as TaskState) };
  const each = new TaskFollower({
    ...{ agent: 'guide', chain, emit: (event) => events.push(event), signal: closing.signal },
    adopt: async () => {
      const mark = await each.mark(model(true));
      await open();
      adopted.push(task.totalCommitment.x);
      each.follow(mark);
    },
  });
  return { each, chain, adopted };
}

beforeEach(() => {
  vi.useFakeTimers();
  task = { totalCommitment: { x: 0n, y: 0n }, status: 'running' };
  events = [];
  closing = new AbortController();
});
afterEach(() => {
  closing.abort();
  vi.useRealTimers();
});

describe('an agent that follows a task', () => {
  it('adopts the model of each round that settles, and looks no more when the task has ended', async () => {
    const { each, chain, adopted } = follower();
    each.follow(await each.mark(model(true)));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(adopted).toEqual([]);
    settle(1n);
    await vi.advanceTimersByTimeAsync(2_000);
    settle(2n);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(adopted).toEqual([1n, 2n]);
    task = { ...task, status: 'ended' };
    await vi.advanceTimersByTimeAsync(4_000);
    const looks = chain.task.mock.calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(chain.task.mock.calls.length).toBe(looks);
  });

  it('misses no round that settles while a model is opened', async () => {
    const { each, adopted } = follower(async () => settle(task.totalCommitment.x < 3n ? 3n : 4n));
    each.follow(await each.mark(model(true)));
    settle(1n);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(adopted).toEqual([3n]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(adopted).toEqual([3n, 4n]);
  });

  it('answers on when a newer model cannot be opened, says so, and tries again', async () => {
    let fails = 2;
    const { each, adopted } = follower(async () => {
      if (fails-- > 0) throw new ChorusError('E_MODEL_AGGREGATES', 'no peer has the aggregate', {});
    });
    each.follow(await each.mark(model(true)));
    settle(1n);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(adopted).toEqual([1n]);
    expect(events).toMatchObject([
      { type: 'agents.behind', agent: 'guide', task: '3', code: 'E_MODEL_AGGREGATES' },
      { code: 'E_MODEL_AGGREGATES' },
    ]);
  });

  it('follows nothing if its file does not say so, or once it is opened from another file', async () => {
    const { each, chain, adopted } = follower();
    expect(await each.mark(model(false))).toBeNull();
    each.follow(await each.mark(model(true)));
    each.follow(null);
    const looks = chain.task.mock.calls.length;
    settle(1n);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(adopted).toEqual([]);
    expect(chain.task.mock.calls.length).toBe(looks);
  });
});
