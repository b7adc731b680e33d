import type { Address, ChainEvent } from '@chorus/protocol';
import type { JsonRpcProvider } from 'ethers';
import { EventIndex } from './event-index.ts';
import { memoryEventStore } from './memory-store.ts';

/** Blocks below the head whose events are kept, to notice when a reorganisation replaces them. */
const REMEMBERED_BLOCKS = 256;

export interface FollowOptions {
  provider: JsonRpcProvider;
  chainId: number;
  contract: Address;
  pollMilliseconds: number;
  /** A block is read once this many are mined on top of it. */
  confirmations: number;
}

/**
 * The contract's events from a block on, in order, until the signal aborts. While the chain does not answer, it keeps
 * trying from the same block: it skips and repeats nothing. If a reorganisation replaces blocks, the events of the
 * new ones follow; only an `EventIndex` reports the reverted ones.
 */
export async function* followEvents(
  options: FollowOptions,
  start: Promise<number>,
  signal: AbortSignal,
): AsyncGenerator<ChainEvent, void, undefined> {
  let fromBlock: number;
  try {
    fromBlock = await start;
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  const { contract, ...rest } = options;
  const store = memoryEventStore(REMEMBERED_BLOCKS);
  const index = new EventIndex({ ...rest, contracts: [contract], fromBlock, store, signal });
  for await (const { kind, event } of index.follow(signal)) {
    if (kind === 'applied' && event !== null) yield event;
  }
}
