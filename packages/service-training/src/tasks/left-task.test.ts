import type { Address, KnownTask, Member, TaskState } from '@chorus/protocol';
import { describe, expect, it, vi } from 'vitest';
import type { Disputes } from '../rounds/disputes/disputes.ts';
import { type DepartedChain, DepartedTask } from './left-task.ts';

const ACCOUNT: Address = `0x${'a1'.repeat(20)}`;
const task = { id: 7n, status: 'running', openCases: 0, departed: [] } as unknown as TaskState;
const members = [{ peerId: 'peer' }] as unknown as Member[];
const signal = new AbortController().signal;
const noWarning = (error: unknown) => {
  throw error;
};

/** A task that was left on a chain that gives these answers, one a look. */
function departed(
  answers: (Partial<TaskState> | Error)[],
  attend: (known: KnownTask) => Promise<number | null> = async () => null,
) {
  const left = new DepartedTask(task, { attend } as unknown as Disputes);
  const sent: bigint[] = [];
  const chain: DepartedChain = {
    account: ACCOUNT,
    leaveTask: async (taskId) => {
      sent.push(taskId);
      return { transaction: '0x', block: 1, gasUsed: 0n };
    },
    members: async () => members,
    task: async () => {
      const answer = answers.shift()!;
      // Something happens on chain while the answer is on its way.
      left.wake();
      if (answer instanceof Error) throw answer;
      return { ...task, ...answer };
    },
  };
  return { left, chain, sent };
}

describe('a left task', () => {
  it('a left task is followed until it has ended, even while the chain is away', async () => {
    const { left, chain } = departed([new Error('away'), {}, { status: 'ended' }]);
    const warnings: unknown[] = [];
    const ended = await left.ended(chain, signal, (error) => warnings.push(error));
    expect(ended).toMatchObject({ id: 7n, status: 'ended' });
    expect(warnings).toEqual([new Error('away')]);
  });

  it('a task is left on chain once, and its stake recovered as soon as the chain lists the account as departed', async () => {
    const { left, chain, sent } = departed([
      { status: 'joining' },
      {},
      {},
      { departed: [ACCOUNT] },
      { departed: [ACCOUNT] },
      { status: 'ended', departed: [ACCOUNT] },
    ]);
    const releases: number[] = [];
    await left.ended(chain, signal, noWarning, async () => {
      releases.push(sent.length);
    });
    expect(sent).toEqual([7n]);
    expect(releases).toEqual([1]);
  });

  it('the node handles the open disputes of a left task, and nothing else', async () => {
    const attended: KnownTask[] = [];
    const { left, chain } = departed(
      [{}, { openCases: 1 }, { openCases: 1 }, { status: 'ended' }],
      async (known) => {
        attended.push(known);
        expect(left.attended?.known).toEqual(known);
        return null;
      },
    );
    expect(left.attended).toBeNull();
    await left.ended(chain, signal, noWarning);
    expect(attended).toMatchObject([
      { task: { openCases: 1 }, members },
      { task: { openCases: 1 }, members },
    ]);
    expect(left.attended).toBeNull();
  });

  it('a left task is read again when its dispute is due, without an event', async () => {
    vi.useFakeTimers();
    let looks = 0;
    const left = new DepartedTask(task, {
      attend: async () => Math.floor(Date.now() / 1000),
    } as unknown as Disputes);
    const { chain: answers } = departed([]);
    const chain: DepartedChain = {
      ...answers,
      members: async () => members,
      task: async () => {
        looks++;
        return { ...task, openCases: 1, status: looks > 1 ? 'ended' : 'running' };
      },
    };
    const ended = left.ended(chain, signal, noWarning);
    try {
      await vi.advanceTimersByTimeAsync(5_000);
      expect(looks).toBe(2);
    } finally {
      vi.useRealTimers();
    }
    expect(await ended).toMatchObject({ status: 'ended' });
  });

  it('other disputes of a left task are handled even if one fails', async () => {
    const { left, chain } = departed([{ openCases: 1 }, { openCases: 1 }, { status: 'ended' }], async () => {
      throw new Error('no validator answers');
    });
    const warnings: unknown[] = [];
    await left.ended(chain, signal, (error) => warnings.push(error));
    expect(warnings).toHaveLength(2);
  });
});
