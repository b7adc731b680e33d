import { setTimeout as delay } from 'node:timers/promises';
import type { Address, ChainEvent } from '@chorus/protocol';
import type { Block, JsonRpcProvider } from 'ethers';
import { decodeEvent } from '../abi/decode.ts';
import { ChainError } from '../errors/errors.ts';
import { isDevChain, openProvider, pollInterval, read } from '../rpc/rpc.ts';
import { type LogFilter, type LogSource, RpcLogs } from './logs.ts';
import type { BlockRef, EventStore, IndexedLog } from './store.ts';

/** Blocks read in one step: between two steps the store is durable. */
const STEP_BLOCKS = 2_000;

/** Longest pause between attempts while the chain does not answer. */
const MAX_PAUSE_MS = 5_000;

/** Confirmations before an event counts: a development chain replaces no block. */
export const confirmationsOf = (chainId: number): number => (isDevChain(chainId) ? 0 : 12);

export interface EventIndexOptions {
  provider: JsonRpcProvider;
  chainId: number;
  /** Contracts whose events are read. */
  contracts: readonly Address[];
  /** The first block to read, for example the first block of the deployment. */
  fromBlock: number;
  store: EventStore;
  /** Confirmations before an event is reported: by default 12, on a development chain 0. */
  confirmations?: number;
  pollMilliseconds: number;
  signal: AbortSignal;
  /** Longest range of one `eth_getLogs` (default 2000); the index uses shorter ones if the endpoint requires it. */
  maxRange?: number;
}

/** A new event, or a reported one that a reorganisation reverted. */
export interface IndexChange {
  kind: 'applied' | 'reverted';
  log: IndexedLog;
  /** The port's event; null for a log that the port does not report. */
  event: ChainEvent | null;
}

/**
 * The events of a set of contracts in a local store, kept equal to the chain: blocks are chained by their parents'
 * hashes, and if the chain has other blocks than those that were read, the index reverts the events of the lost ones
 * and reads those of the new ones.
 *
 * A change is stored after it was reported. A consumer that ends in between gets it again: at-least-once delivery.
 */
export class EventIndex implements LogSource {
  readonly #options: EventIndexOptions;
  readonly #rpc: RpcLogs;
  readonly #confirmations: number;
  #bound: Promise<void> | undefined;
  #busy = false;
  /** Hash of the chain's head at the last step that had read everything. */
  #idleAt: string | null = null;

  constructor(options: EventIndexOptions) {
    this.#options = options;
    this.#confirmations = options.confirmations ?? confirmationsOf(options.chainId);
    this.#rpc = new RpcLogs(options.provider, {
      signal: options.signal,
      ...(options.maxRange === undefined ? {} : { maxRange: options.maxRange }),
    });
  }

  /** The last block whose events are in the store; null before the first. */
  head(): Promise<BlockRef | null> {
    return this.#options.store.head();
  }

  /**
   * Read new events up to the confirmed head, or revert those that a reorganisation undid.
   * @returns the changes, in order
   * @throws ChainError `E_CHAIN_UNREACHABLE`; events read until then are stored. `E_CHAIN_INDEX`
   */
  async sync(): Promise<IndexChange[]> {
    const all: IndexChange[] = [];
    for (let more = true; more; ) {
      more = false;
      for await (const changes of this.#steps()) {
        more = true;
        all.push(...changes);
      }
    }
    return all;
  }

  /**
   * All changes after the stored ones, until the signal aborts. While the chain does not answer, it keeps trying from
   * the same position. One consumer at a time.
   */
  async *follow(signal: AbortSignal): AsyncGenerator<IndexChange, void, undefined> {
    const { pollMilliseconds } = this.#options;
    const either = AbortSignal.any([signal, this.#options.signal]);
    let pause = pollMilliseconds;
    while (!either.aborted) {
      try {
        for await (const changes of this.#steps()) {
          for (const change of changes) {
            if (either.aborted) return;
            yield change;
          }
          pause = 0;
        }
        if (pause === 0) {
          pause = pollMilliseconds;
          continue;
        }
        pause = pollMilliseconds;
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'E_CHAIN_UNREACHABLE') throw error;
        pause = Math.min(MAX_PAUSE_MS, Math.max(pollMilliseconds, pause * 2));
      }
      await delay(pause, undefined, { signal: either }).catch(() => undefined);
    }
  }

  /** Logs of the indexed contracts: from the store if it has read that far, else from the endpoint. */
  async between(filter: LogFilter): Promise<IndexedLog[]> {
    const { store, contracts, fromBlock } = this.#options;
    const head = await store.head();
    const indexed =
      head !== null &&
      filter.to <= head.number &&
      filter.from >= fromBlock &&
      filter.addresses.every((address) => contracts.includes(address));
    return indexed ? store.logs(filter) : this.#rpc.between(filter);
  }

  /** One step, if there is one: yields its changes, and stores it once they were taken. */
  async *#steps(): AsyncGenerator<IndexChange[], void, undefined> {
    const { store, contracts, chainId, fromBlock } = this.#options;
    if (this.#busy) throw new Error('an event index has one consumer at a time');
    this.#busy = true;
    try {
      this.#bound ??= store.bind(JSON.stringify({ chainId, fromBlock, contracts: [...contracts].sort() }));
      await this.#bound;
      const latest = await this.#block('latest');
      // Endpoints that are several machines behind one name have no latest block now and then.
      if (latest === null || latest.hash === this.#idleAt) return;
      const head = await store.head();
      const next = head === null ? fromBlock : head.number + 1;
      const target = Math.min(latest.number - this.#confirmations, next + STEP_BLOCKS - 1);
      if (target < next) {
        // Nothing is new, but a reorganisation may have undone blocks.
        if (head !== null && !(await this.#isOnChain(head))) yield* this.#takeBack();
        else this.#idleAt = latest.hash;
        return;
      }
      const last = target === latest.number ? latest : await this.#block(target);
      const first = target === next ? last : await this.#block(next);
      if (first === null || last === null) return;
      if (head !== null && first.parentHash !== head.hash) {
        yield* this.#takeBack();
        return;
      }
      const logs = await this.#rpc.between({ addresses: contracts, from: next, to: target });
      // The same last block before and after: so everything came from one chain.
      const still = await this.#block(target);
      if (still?.hash !== last.hash) return;
      yield logs.map((log) => ({ kind: 'applied', log, event: eventOf(log) }));
      await store.append(logs, { number: target, hash: last.hash! });
      if (target === latest.number) this.#idleAt = latest.hash;
    } finally {
      this.#busy = false;
    }
  }

  /** Revert to the last block that the chain still has. */
  async *#takeBack(): AsyncGenerator<IndexChange[], void, undefined> {
    const { store, fromBlock } = this.#options;
    const known = await store.checkpoints();
    // Blocks have one parent: from some checkpoint on, none is on the chain any more.
    let [low, high] = [0, known.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (await this.#isOnChain(known[middle]!)) low = middle + 1;
      else high = middle;
    }
    const kept = low === 0 ? fromBlock - 1 : known[low - 1]!.number;
    const lost = await store.logs({ from: kept + 1 });
    yield lost.reverse().map((log) => ({ kind: 'reverted', log, event: eventOf(log) }));
    await store.rollback(kept);
    this.#idleAt = null;
  }

  async #isOnChain({ number, hash }: BlockRef): Promise<boolean> {
    return (await this.#block(number))?.hash === hash;
  }

  #block(tag: number | 'latest'): Promise<Block | null> {
    const { provider, signal } = this.#options;
    return read('read a block', () => provider.getBlock(tag), signal);
  }
}

/** @throws ChainError `E_CHAIN_UNREACHABLE` if the contracts do not emit it: a second answer may be right */
function eventOf(log: IndexedLog): ChainEvent | null {
  try {
    return decodeEvent(log);
  } catch (cause) {
    throw new ChainError('E_CHAIN_UNREACHABLE', 'the endpoint returned an undecodable event log', {
      facts: { block: log.blockNumber, transaction: log.transactionHash },
      hint: 'ask another JSON-RPC endpoint',
      cause,
    });
  }
}

/** An index with a connection of its own. */
export interface OpenedEventIndex {
  index: EventIndex;
  /** Ends the current read and closes the store. */
  close(): Promise<void>;
}

/**
 * Open an event index on an endpoint.
 *
 * @example
 * const { index, close } = await openEventIndex({ url, contracts: [taskManager], fromBlock, store });
 * await index.sync();
 * @throws ChainError `E_CHAIN_UNREACHABLE`
 */
export async function openEventIndex(
  options: Pick<EventIndexOptions, 'contracts' | 'fromBlock' | 'store' | 'confirmations' | 'maxRange'> & {
    url: string;
    pollMilliseconds?: number;
  },
): Promise<OpenedEventIndex> {
  const { url, ...rest } = options;
  const { provider, chainId } = await openProvider(url);
  const closing = new AbortController();
  const pollMilliseconds = options.pollMilliseconds ?? pollInterval(chainId);
  const index = new EventIndex({ ...rest, provider, chainId, pollMilliseconds, signal: closing.signal });
  return {
    index,
    close: async () => {
      closing.abort();
      provider.destroy();
      await options.store.close();
    },
  };
}
