import { setTimeout as delay } from 'node:timers/promises';
import type { Address } from '@chorus/protocol';
import type { JsonRpcProvider } from 'ethers';
import { toChainError } from '../errors/errors.ts';
import { ANSWER_TOO_LONG } from '../rpc/bounded-fetch.ts';
import type { IndexedLog } from './store.ts';

/** Selects logs: of these contracts, between two blocks (both included), with these topics (null: any). */
export interface LogFilter {
  addresses: readonly Address[];
  from: number;
  to: number;
  topics?: readonly (string | null)[];
}

/** Source of past logs: an endpoint, or the index. */
export interface LogSource {
  between(filter: LogFilter): Promise<IndexedLog[]>;
}

/** Most blocks in one `eth_getLogs`; public endpoints refuse longer ranges, each in its own words. */
const MAX_RANGE = 2_000;

/** Successes after which a longer range is tried again. */
const GROW_AFTER = 8;

/** Pauses between attempts while an endpoint does not answer, or refuses even one block. */
const RETRY_MS = [100, 400, 1600];

/**
 * Logs from a JSON-RPC endpoint. A range that it refuses (too long, too many results, too slow) is halved, and grows
 * again after a while: endpoints do not state their limits.
 */
export class RpcLogs implements LogSource {
  readonly #provider: JsonRpcProvider;
  readonly #signal: AbortSignal | undefined;
  #range: number;
  readonly #maxRange: number;
  #successes = 0;

  constructor(provider: JsonRpcProvider, options: { signal?: AbortSignal; maxRange?: number } = {}) {
    this.#provider = provider;
    this.#signal = options.signal;
    this.#maxRange = options.maxRange ?? MAX_RANGE;
    this.#range = this.#maxRange;
  }

  /** Current number of blocks in one request. */
  get range(): number {
    return this.#range;
  }

  /** @throws ChainError `E_CHAIN_UNREACHABLE` if even one block cannot be read */
  async between(filter: LogFilter): Promise<IndexedLog[]> {
    const logs: IndexedLog[] = [];
    let failures = 0;
    for (let start = filter.from; start <= filter.to; ) {
      const end = Math.min(filter.to, start + this.#range - 1);
      try {
        logs.push(...(await this.#ask(filter, start, end)));
        start = end + 1;
        failures = 0;
        this.#grow();
      } catch (error) {
        const refused = isRefusal(error);
        if (refused && end > start) this.#range = Math.ceil((end - start + 1) / 2);
        this.#successes = 0;
        if (refused && end > start) continue;
        const pause = RETRY_MS[failures++];
        if (pause === undefined || this.#signal?.aborted) throw toChainError(error, 'read events');
        await delay(pause, undefined, this.#signal ? { signal: this.#signal } : {}).catch(() => undefined);
      }
    }
    return logs;
  }

  async #ask(filter: LogFilter, fromBlock: number, toBlock: number): Promise<IndexedLog[]> {
    const address = filter.addresses.length === 1 ? filter.addresses[0]! : [...filter.addresses];
    const topics = [...(filter.topics ?? [])];
    const logs = await this.#provider.getLogs({ address, topics, fromBlock, toBlock });
    return logs.map((log) => ({
      address: log.address.toLowerCase() as Address,
      topics: [...log.topics],
      data: log.data,
      blockNumber: log.blockNumber,
      blockHash: log.blockHash,
      logIndex: log.index,
      transactionHash: log.transactionHash,
    }));
  }

  #grow(): void {
    if (++this.#successes < GROW_AFTER || this.#range >= this.#maxRange) return;
    this.#successes = 0;
    this.#range = Math.min(this.#maxRange, this.#range * 2);
  }
}

/** Whether fewer blocks may be answered: a JSON-RPC error, HTTP 400 or 413, or too long an answer. After other errors it did not answer. */
function isRefusal(error: unknown): boolean {
  const {
    code,
    error: inner,
    info,
  } = error as {
    code?: unknown;
    error?: { code?: unknown };
    info?: { responseStatus?: unknown };
  };
  if (code === ANSWER_TOO_LONG) return true;
  if (code === 'UNKNOWN_ERROR' || code === 'BAD_DATA') return inner?.code !== undefined;
  return code === 'SERVER_ERROR' && /^4(00|13)/.test(String(info?.responseStatus));
}
