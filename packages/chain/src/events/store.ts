import type { Address } from '@chorus/protocol';
import type { RawLog } from '../abi/decode.ts';

/** A log as the index keeps it. */
export interface IndexedLog extends RawLog {
  address: Address;
  topics: string[];
  blockHash: string;
  /** Its place in the block. */
  logIndex: number;
}

/** A block that the index has seen. */
export interface BlockRef {
  number: number;
  hash: string;
}

/** Which of the kept logs. */
export interface StoredLogFilter {
  addresses?: readonly Address[];
  /** Null: any. */
  topics?: readonly (string | null)[];
  from?: number;
  to?: number;
}

/** Where the event index keeps what it read. Each call is atomic. */
export interface EventStore {
  /**
   * Bind the store to a chain and a set of contracts; the first call decides.
   * @throws ChainError `E_CHAIN_INDEX` where it was bound to others
   */
  bind(subject: string): Promise<void>;
  /** The last block that was read; null before the first. */
  head(): Promise<BlockRef | null>;
  /** Blocks whose hashes are known, oldest first, the head last. At least the last 256 of them are kept. */
  checkpoints(): Promise<BlockRef[]>;
  /** Add logs and move the head to `head`; the blocks of the logs become checkpoints as well. */
  append(logs: readonly IndexedLog[], head: BlockRef): Promise<void>;
  /** Drop all logs and checkpoints above block `number`. */
  rollback(number: number): Promise<void>;
  /** In the order of the chain. */
  logs(filter?: StoredLogFilter): Promise<IndexedLog[]>;
  close(): Promise<void>;
}

/** Checkpoints that are kept: a reorganisation is found by them. */
export const KEPT_CHECKPOINTS = 1_024;
