import type { JsonRpcProvider } from 'ethers';
import { beforeEach, expect, it } from 'vitest';
import { ANSWER_TOO_LONG } from '../rpc/bounded-fetch.ts';
import { EventHistory } from './event-history.ts';

const CONTRACT = `0x${'0c'.repeat(20)}` as const;

/** A chain with an event in some of its blocks; `fork` gives all blocks from one on other hashes. */
class FakeChain {
  head = 100;
  events = [3, 50, 95];
  fork: { from: number; name: string } = { from: Number.POSITIVE_INFINITY, name: '' };
  /** Ranges that were asked for, and the longest that is answered. */
  asked: [number, number][] = [];
  longest = Number.POSITIVE_INFINITY;
  failing = 0;

  hashOf(number: number): string {
    return `block ${number}${number >= this.fork.from ? this.fork.name : ''}`;
  }

  provider(): JsonRpcProvider {
    const getBlock = async (tag: number | 'latest') => {
      const number = tag === 'latest' ? this.head : tag;
      return number > this.head ? null : { number, hash: this.hashOf(number) };
    };
    const getLogs = async ({ fromBlock, toBlock }: { fromBlock: number; toBlock: number }) => {
      this.asked.push([fromBlock, toBlock]);
      if (toBlock - fromBlock + 1 > this.longest) {
        throw Object.assign(new Error('the answer is too long'), { code: ANSWER_TOO_LONG });
      }
      if (this.failing-- > 0) throw Object.assign(new Error('bad gateway'), { code: 'SERVER_ERROR' });
      return this.events
        .filter((block) => block >= fromBlock && block <= toBlock)
        .map((blockNumber) => ({
          address: CONTRACT,
          topics: [],
          data: '0x',
          blockNumber,
          blockHash: '',
          index: 0,
        }));
    };
    return { getBlock, getLogs } as unknown as JsonRpcProvider;
  }
}

let chain: FakeChain;
let history: EventHistory<number>;
beforeEach(() => {
  chain = new FakeChain();
  history = new EventHistory({
    provider: chain.provider(),
    addresses: [CONTRACT],
    fromBlock: 1,
    confirmations: 12,
    signal: new AbortController().signal,
    keep: (log) => (log.blockNumber === 50 ? null : log.blockNumber),
  });
});

it('an event history keeps what is wanted of each event, and reads only the blocks that are not confirmed again', async () => {
  expect(await history.read()).toEqual([3, 95]);
  chain.asked = [];
  chain.head = 102;
  chain.events.push(101);
  expect(await history.read()).toEqual([3, 95, 101]);
  expect(chain.asked).toEqual([
    [89, 90],
    [91, 102],
  ]);
});

it('an event that a reorganisation undid is in no later answer, near the head or below what is confirmed', async () => {
  await history.read();
  chain.events = [3];
  expect(await history.read()).toEqual([3]);
  chain.fork = { from: 2, name: ' of another chain' };
  chain.events = [4];
  expect(await history.read()).toEqual([4]);
});

it('an event history asks for fewer blocks when an answer is too long, and goes on where a failure ended it', async () => {
  chain.longest = 30;
  expect(await history.read()).toEqual([3, 95]);
  chain.longest = Number.POSITIVE_INFINITY;
  chain.head = 200;
  chain.failing = 4;
  await expect(history.read()).rejects.toMatchObject({ code: 'E_CHAIN_UNREACHABLE' });
  chain.asked = [];
  chain.failing = 0;
  expect(await history.read()).toEqual([3, 95]);
  expect(chain.asked[0]![0]).toBe(89);
});

it('reads of an event history that overlap give the same events, none of them twice', async () => {
  const [one, other] = await Promise.all([history.read(), history.read()]);
  expect([one, other]).toEqual([
    [3, 95],
    [3, 95],
  ]);
});
