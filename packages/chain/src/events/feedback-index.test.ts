import { type Feedback, MAX_FEEDBACK, MAX_FEEDBACK_BYTES } from '@chorus/protocol';
import { JsonRpcProvider, Network, toBeHex } from 'ethers';
import { describe, expect, it } from 'vitest';
import { REPUTATIONS } from '../abi/abis.ts';
import { FeedbackIndex } from './feedback-index.ts';
import { memoryEventStore } from './memory-store.ts';

const REGISTRY = `0x${'a1'.repeat(20)}` as const;
const CLIENT = `0x${'c1'.repeat(20)}`;
const hash = (n: number): string => toBeHex(n, 32);

/** A chain whose registry has written these logs, one a block. */
class WrittenChain extends JsonRpcProvider {
  logs: { topics: string[]; data: string }[] = [];
  requests = 0;

  constructor() {
    const network = Network.from(31_337);
    super('http://127.0.0.1:9', network, { staticNetwork: network });
  }

  override getBlock = (async (tag: number | 'latest') => {
    const number = tag === 'latest' ? this.logs.length : tag;
    return { number, hash: hash(number + 1), parentHash: hash(number) };
  }) as unknown as JsonRpcProvider['getBlock'];

  override getLogs = (async ({ fromBlock, toBlock }: { fromBlock: number; toBlock: number }) => {
    this.requests++;
    return this.logs.slice(Math.max(0, fromBlock - 1), toBlock).map((log, i) => {
      const blockNumber = Math.max(1, fromBlock) + i;
      return {
        ...log,
        address: REGISTRY,
        blockNumber,
        blockHash: hash(blockNumber + 1),
        index: 0,
        transactionHash: hash(7),
      };
    });
  }) as unknown as JsonRpcProvider['getLogs'];
}

const given = (index: number, { agentId = 7n, uri = 'data:,' } = {}) =>
  REPUTATIONS.encodeEventLog('NewFeedback', [
    ...[agentId, CLIENT, index, 85, 0, 'starred', 'starred', '', '', uri, hash(1)],
  ]);
const revoked = (index: number) => REPUTATIONS.encodeEventLog('FeedbackRevoked', [7n, CLIENT, index]);

function open(logs: WrittenChain['logs']) {
  const chain = new WrittenChain();
  chain.logs = logs;
  const store = memoryEventStore();
  const index = new FeedbackIndex({
    ...{ provider: chain, chainId: 31_337, registry: REGISTRY, fromBlock: 0, store, pollMilliseconds: 1 },
    freshMilliseconds: 60_000,
    signal: new AbortController().signal,
  });
  return { chain, store, index };
}

const indexes = (feedback: Feedback[]) => feedback.map(({ index }) => Number(index));

describe('the index of feedback', () => {
  it('has the feedback of each identity, without what was revoked', async () => {
    const { index } = open([given(1), given(2), given(1, { agentId: 8n }), revoked(1), given(3)]);
    const found = await index.on(7n);
    expect(indexes(found)).toEqual([2, 3]);
    expect(found[0]).toMatchObject({
      client: CLIENT,
      value: 85n,
      decimals: 0,
      tag1: 'starred',
      uri: 'data:,',
      block: 2,
    });
    expect(indexes(await index.on(8n))).toEqual([1]);
    expect(await index.on(9n)).toEqual([]);
  });

  it('feedback that is no UTF-8 hides none of the rest', async () => {
    const [broken, marked] = [given(1, { uri: 'zz' }), given(2)];
    // A byte that begins no character.
    broken.data = broken.data.replace('7a7a', 'ff7a');
    expect(broken.data).not.toBe(given(1, { uri: 'zz' }).data);
    const found = await open([broken, marked]).index.on(7n);
    expect(found.map(({ uri, tag1 }) => [uri, tag1])).toEqual([
      ['\uFFFD', 'starred'],
      ['data:,', 'starred'],
    ]);
  });

  it('keeps nothing that is long, whatever anyone writes, and reads the latest alone', async () => {
    const long = given(1, { uri: `data:,${'x'.repeat(MAX_FEEDBACK_BYTES)}` });
    const other = REPUTATIONS.encodeEventLog('ResponseAppended', [7n, CLIENT, 1, CLIENT, 'data:,', hash(1)]);
    const { index, store } = open([
      long,
      other,
      ...Array.from({ length: MAX_FEEDBACK + 3 }, (_, i) => given(i + 2)),
    ]);
    const found = await index.on(7n);
    expect(found).toHaveLength(MAX_FEEDBACK);
    expect(indexes(found).at(-1)).toBe(MAX_FEEDBACK + 4);
    expect(await store.logs()).toHaveLength(MAX_FEEDBACK + 3);
  });

  it('asks the chain once for many identities, and again for what this account has just written', async () => {
    const { chain, index } = open([given(1)]);
    await Promise.all([index.on(7n), index.on(8n), index.on(9n)]);
    const once = chain.requests;
    chain.logs = [...chain.logs, given(2)];
    expect(indexes(await index.on(7n))).toEqual([1]);
    expect(chain.requests).toBe(once);
    index.expire();
    expect(indexes(await index.on(7n))).toEqual([1, 2]);
  });
});
