import type { ChainPort, Member, TaskState } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { DepartedTask } from './departed-task.ts';
import type { Disputes } from './disputes.ts';
import type { KnownTask } from './round-context.ts';

const task = { id: 7n, status: 'running', openCases: 0 } as unknown as TaskState;
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
  const chain: Pick<ChainPort, 'task' | 'members'> = {
    members: async () => members,
    task: async () => {
      const answer = answers.shift()!;
      // Something happens on chain while the answer is on its way.
      left.wake();
      if (answer instanceof Error) throw answer;
      return { ...task, ...answer };
    },
  };
  return { left, chain };
}

describe('a task that was left', () => {
  it('is waited for until it has ended, over a chain that is away', async () => {
    const { left, chain } = departed([new Error('away'), {}, { status: 'ended' }]);
    const warnings: unknown[] = [];
    const ended = await left.ended(chain, signal, (error) => warnings.push(error));
    expect(ended).toMatchObject({ id: 7n, status: 'ended' });
    expect(warnings).toEqual([new Error('away')]);
  });

  it('is waited for no more once it is taken up again', async () => {
    const { left, chain } = departed([{}, {}]);
    const ended = left.ended(chain, signal, noWarning);
    left.cancel();
    expect(await ended).toBeNull();
  });

  it('has its cases attended to while there are any, and concerns this node in nothing else', async () => {
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

  it('is looked at again when its case is due, without an event', async () => {
    const looks: number[] = [];
    const left = new DepartedTask(task, {
      attend: async () => Math.floor(Date.now() / 1000),
    } as unknown as Disputes);
    const chain: Pick<ChainPort, 'task' | 'members'> = {
      members: async () => members,
      task: async () => {
        looks.push(Date.now());
        return { ...task, openCases: 1, status: looks.length > 1 ? 'ended' : 'running' };
      },
    };
    await left.ended(chain, signal, noWarning);
    expect(looks[1]! - looks[0]!).toBeLessThan(5_000);
  });

  it('keeps its other cases where attending to one fails', async () => {
    const { left, chain } = departed([{ openCases: 1 }, { openCases: 1 }, { status: 'ended' }], async () => {
      throw new Error('no validator answers');
    });
    const warnings: unknown[] = [];
    await left.ended(chain, signal, (error) => warnings.push(error));
    expect(warnings).toHaveLength(2);
  });
});
