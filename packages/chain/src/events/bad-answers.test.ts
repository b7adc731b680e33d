import type { Address } from '@chorus/protocol';
import type { JsonRpcProvider } from 'ethers';
import { expect, it } from 'vitest';
import { TASK_MANAGER } from '../abi/abis.ts';
import { EventIndex } from './event-index.ts';
import { memoryEventStore } from './memory-store.ts';

const CONTRACT: Address = '0x00000000000000000000000000000000000000aa';
const hash = (n: number) => `0x${n.toString(16).padStart(64, '0')}`;

/** An endpoint of one block with one event, with the given first answers. */
function endpoint(first: { latest?: null[]; logs?: object[] }): JsonRpcProvider {
  const { data, topics } = TASK_MANAGER.encodeEventLog('PhaseChanged', [7n, 1, 1, 1_000]);
  const log = {
    address: CONTRACT,
    topics,
    data,
    blockNumber: 1,
    blockHash: hash(1),
    index: 0,
    transactionHash: hash(9),
  };
  return {
    getBlock: async (tag: number | 'latest') => {
      if (tag === 'latest' && first.latest?.length) return first.latest.pop();
      return { number: 1, hash: hash(1), parentHash: hash(0) };
    },
    getLogs: async () => [{ ...log, ...first.logs?.pop() }],
  } as unknown as JsonRpcProvider;
}

it.each([
  ['no latest block', { latest: [null, null] }],
  ['an event that is cut off', { logs: [{ data: '0x1234' }, { data: '0x' }] }],
])(
  'an index asks an endpoint that answers with %s for a while again, and skips nothing',
  async (_, first) => {
    const stop = new AbortController();
    const index = new EventIndex({
      provider: endpoint(first),
      chainId: 31337,
      contracts: [CONTRACT],
      fromBlock: 1,
      store: memoryEventStore(),
      pollMilliseconds: 5,
      signal: stop.signal,
    });
    for await (const { kind, event } of index.follow(AbortSignal.timeout(10_000))) {
      expect(kind).toBe('applied');
      expect(event).toMatchObject({ type: 'phase-changed', taskId: 7n });
      stop.abort();
    }
    expect(stop.signal.aborted).toBe(true);
  },
);
