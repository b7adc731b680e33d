import { setTimeout as delay } from 'node:timers/promises';
import type { Address, ChainEvent } from '@chorus/protocol';
import type { JsonRpcProvider, Log } from 'ethers';
import { decodeEvent } from './decode.ts';
import { read } from './rpc.ts';

/** Blocks asked for in one `eth_getLogs`; public endpoints refuse long ranges. */
const LOG_RANGE_BLOCKS = 2_000;

/** Longest pause between attempts while the chain does not answer. */
const MAX_PAUSE_MS = 5_000;

export interface FollowOptions {
  provider: JsonRpcProvider;
  contract: Address;
  pollMilliseconds: number;
  /** A block is read once this many are mined on top of it. */
  confirmations: number;
}

/** All logs of the contract between two blocks, both included, in order. */
export async function logsBetween(
  options: Pick<FollowOptions, 'provider' | 'contract'>,
  from: number,
  to: number,
  topics: (string | null)[] = [],
): Promise<Log[]> {
  const logs: Log[] = [];
  for (let start = from; start <= to; start += LOG_RANGE_BLOCKS) {
    const end = Math.min(to, start + LOG_RANGE_BLOCKS - 1);
    const filter = { address: options.contract, fromBlock: start, toBlock: end, topics };
    logs.push(...(await read('read events', () => options.provider.getLogs(filter))));
  }
  return logs;
}

/**
 * The contract's events from a block on, in order, until the signal aborts. The head is polled, and logs
 * are asked for only when it moved. While the chain does not answer, it keeps trying from where it was:
 * nothing is skipped and nothing is told twice (short of a reorganisation deeper than `confirmations`).
 */
export async function* followEvents(
  options: FollowOptions,
  start: Promise<number>,
  signal: AbortSignal,
): AsyncGenerator<ChainEvent, void, undefined> {
  let next: number;
  try {
    next = await start;
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  let pause = options.pollMilliseconds;
  while (!signal.aborted) {
    let logs: Log[] = [];
    try {
      const head = (await options.provider.getBlockNumber()) - options.confirmations;
      if (head >= next) {
        const end = Math.min(head, next + LOG_RANGE_BLOCKS - 1);
        logs = await logsBetween(options, next, end);
        next = end + 1;
      }
      pause = options.pollMilliseconds;
    } catch {
      pause = Math.min(MAX_PAUSE_MS, pause * 2);
    }
    for (const log of logs) {
      if (signal.aborted) return;
      const event = decodeEvent(log);
      if (event !== null) yield event;
    }
    if (logs.length === 0) await delay(pause, undefined, { signal }).catch(() => undefined);
  }
}
