import type { Address } from '@chorus/protocol';
import type { Block, JsonRpcProvider } from 'ethers';
import { read } from '../rpc/rpc.ts';
import { RpcLogs } from './logs.ts';
import type { BlockRef, IndexedLog } from './store.ts';

/** Blocks read before the position moves on. Such events are few: endpoints that limit results let long ranges pass. */
const STEP_BLOCKS = 100_000;

export interface EventHistoryOptions<T> {
  provider: JsonRpcProvider;
  addresses: readonly Address[];
  /** The first block to read. */
  fromBlock: number;
  /** Blocks at the head that are read again each time. */
  confirmations: number;
  signal: AbortSignal;
  /** What is kept of a log: a part of bounded size; null: nothing. */
  keep: (log: IndexedLog) => T | null;
}

/**
 * All events of some contracts that have few, reduced to what is needed of them. Each read goes on where the last one
 * ended, also one that failed. What a reorganisation undid is forgotten: the last block that was read is compared with
 * the chain's each time.
 *
 * @example
 * const history = new EventHistory({ provider, addresses: [governor], fromBlock, confirmations, signal, keep });
 * const events = await history.read();
 */
export class EventHistory<T> {
  readonly #options: EventHistoryOptions<T>;
  readonly #logs: RpcLogs;
  #kept: T[] = [];
  /** The last block whose events are kept. */
  #last: BlockRef | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: EventHistoryOptions<T>) {
    this.#options = options;
    this.#logs = new RpcLogs(options.provider, { signal: options.signal, maxRange: STEP_BLOCKS });
  }

  /** In the order of the chain, up to its head. @throws ChainError `E_CHAIN_UNREACHABLE` */
  read(): Promise<T[]> {
    const read = this.#turn.then(() => this.#read());
    this.#turn = read.catch(() => undefined);
    return read;
  }

  async #read(): Promise<T[]> {
    const { fromBlock, confirmations } = this.#options;
    const head = (await this.#block('latest'))!.number;
    if (this.#last && (await this.#block(this.#last.number))?.hash !== this.#last.hash) {
      this.#kept = [];
      this.#last = null;
    }
    const confirmed = head - confirmations;
    for (let from = this.#next(); from <= confirmed; from = this.#next()) {
      const to = Math.min(confirmed, from + STEP_BLOCKS - 1);
      // Its hash first: if the block is replaced meanwhile, the next read notices.
      const last = await this.#block(to);
      this.#kept.push(...(await this.#between(from, to)));
      this.#last = { number: to, hash: last!.hash! };
    }
    return [...this.#kept, ...(await this.#between(Math.max(fromBlock, this.#next()), head))];
  }

  #next(): number {
    return this.#last === null ? this.#options.fromBlock : this.#last.number + 1;
  }

  async #between(from: number, to: number): Promise<T[]> {
    if (from > to) return [];
    const { addresses, keep } = this.#options;
    const logs = await this.#logs.between({ addresses, from, to });
    return logs.flatMap((log) => keep(log) ?? []) as T[];
  }

  #block(tag: number | 'latest'): Promise<Block | null> {
    const { provider, signal } = this.#options;
    return read('read a block', () => provider.getBlock(tag), signal);
  }
}
