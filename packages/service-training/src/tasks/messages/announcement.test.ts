import type { Ports } from '@chorus/node';
import { type Announcement, ChorusError, encodeTerms, sha256Hex, type TaskState } from '@chorus/protocol';
import { beforeEach, expect, it } from 'vitest';
import { digitsTerms as terms } from '../../../../protocol/src/testing/terms.ts';
import { Announcements } from './announcement.ts';

const CONTRACT = '0x00000000000000000000000000000000000000AA';
const announced = encodeTerms(terms);

let asked: bigint[];
let announcements: Announcements;
const of = (taskId: bigint, changed: Partial<Announcement> = {}): Announcement => ({
  type: 'announcement',
  chainId: 31337,
  contract: CONTRACT,
  taskId,
  terms: announced,
  peerId: 'somebody',
  multiaddrs: [],
  ...changed,
});

beforeEach(() => {
  asked = [];
  const chain = {
    chainId: 31337,
    contract: CONTRACT.toLowerCase(),
    // The chain has tasks 1 to 9.
    task: async (id: bigint): Promise<TaskState> => {
      asked.push(id);
      if (id < 1n || id > 9n) throw new ChorusError('E_CHAIN_UNKNOWN_TASK', 'no such task');
      return { id, termsDigest: sha256Hex(announced) } as TaskState;
    },
  };
  announcements = new Announcements({ chain } as unknown as Ports);
});

it('a new task comes with its state on chain; a known one is forwarded without another request', async () => {
  expect(await announcements.judge(of(1n), 'a', false)).toMatchObject({
    verdict: 'accept',
    task: { id: 1n },
  });
  expect(await announcements.judge(of(1n), 'b', true)).toEqual({ verdict: 'accept' });
  expect(asked).toEqual([1n]);
});

it('a known task with false terms, or for another contract, is not forwarded: others would blame this node', async () => {
  await announcements.judge(of(1n), 'a', false);
  const other = encodeTerms({ ...terms, name: 'another' });
  for (const isKnown of [true, false]) {
    expect(await announcements.judge(of(1n, { terms: other }), 'a', isKnown)).toEqual({ verdict: 'reject' });
    expect(await announcements.judge(of(1n, { chainId: 1 }), 'a', isKnown)).toEqual({ verdict: 'reject' });
    const contract = '0x00000000000000000000000000000000000000bb';
    expect(await announcements.judge(of(1n, { contract }), 'a', isKnown)).toEqual({ verdict: 'reject' });
  }
});

it('one neighbour cannot cause endless chain requests for missing tasks; others are still accepted', async () => {
  const flood = Array.from({ length: 500 }, (_, i) =>
    announcements.judge(of(1_000n + BigInt(i)), 'a', false),
  );
  for (const { verdict } of await Promise.all(flood)) expect(verdict).toBe('ignore');
  expect(asked.length).toBeLessThanOrEqual(20);
  expect(await announcements.judge(of(2n), 'b', false)).toMatchObject({ verdict: 'accept' });
});

it('true announcements do not use up the limit', async () => {
  for (let i = 0; i < 100; i++) {
    const { verdict } = await announcements.judge(of(BigInt(1 + (i % 9))), 'a', false);
    expect(verdict).toBe('accept');
  }
});
