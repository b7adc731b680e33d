import type { Address } from '@chorus/protocol';
import type { RawLog } from '../abi/decode.ts';

/** A log as the index keeps it. */
export interface IndexedLog extends RawLog {
  address: Address;
  topics: string[];
  blockHash: string;
  /** Its index in the block. */
  logIndex: number;
}

/** A block that the index has seen. */
export interface BlockRef {
  number: number;
  hash: string;
}

/** Selects stored logs. */
export interface StoredLogFilter {
  addresses?: readonly Address[];
  /** Null: any. */
  topics?: readonly (string | null)[];
  from?: number;
  to?: number;
  /** Only the last of them, as many as this. */
  last?: number;
}

/** Store of the event index. Each call is atomic. */
export interface EventStore {
  /**
   * Bind the store to a chain and a set of contracts; the first call decides.
   * @throws ChainError `E_CHAIN_INDEX` if it was bound to others
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

/** Number of checkpoints kept to find a reorganisation. */
export const KEPT_CHECKPOINTS = 1_024;
