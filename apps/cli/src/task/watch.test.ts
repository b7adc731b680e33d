import type { AdminClient, StreamedEvent, TaskDetail } from '@chorus/admin-api';
import type { EventJson } from '@chorus/service-training';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type WatchedNode, watchNode } from './watch.ts';

let said = '';
afterEach(() => {
  vi.restoreAllMocks();
  said = '';
});

const ended = (decimals: number | null): StreamedEvent<EventJson> => ({
  id: '1',
  at: 0,
  event: {
    type: 'task-ended',
    taskId: '3',
    opensCommitment: true,
    claimed: '1500000',
    decimals,
    modelCid: null,
  },
});

/** A node that follows a task of a token with the given decimals, until the task has ended. */
function nodeWith(decimals: number | null): WatchedNode {
  let status: TaskDetail['status'] = 'running';
  const task = async () =>
    ({
      id: '3',
      status,
      round: 2,
      rounds: 2,
      owner: true,
      remaining: '2500000',
      decimals,
      deadline: null,
    }) as TaskDetail;
  const node: Partial<AdminClient<EventJson>> = {
    task,
    events: async function* () {
      yield ended(decimals);
      status = 'ended';
    },
  };
  return {
    ...(node as AdminClient<EventJson>),
    access: { pid: process.pid } as WatchedNode['access'],
    home: '/home/me',
  };
}

async function watched(decimals: number | null): Promise<string> {
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await watchNode(nodeWith(decimals), { task: '3', json: false });
  return said;
}

describe('a task that is watched', () => {
  it.each([
    [6, 'this node claimed 1.5 tokens.', '2.5 tokens were not paid: chorus task refund 3'],
    [2, 'this node claimed 15,000 tokens.', '25000.0 tokens were not paid'],
    [
      null,
      "this node claimed 1500000 of the token's smallest unit.",
      "2500000 of the token's smallest unit were not paid",
    ],
  ])('watch reports amounts of the task’s own token, with %s decimals', async (decimals, claimed, left) => {
    const text = await watched(decimals);
    expect(text).toContain(claimed);
    expect(text).toContain(left);
  });

  it('watch omits tiny amounts of the token', async () => {
    expect(await watched(18)).not.toContain('refund');
  });
});
