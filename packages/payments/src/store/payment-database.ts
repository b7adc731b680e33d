import type { DatabaseSync } from 'node:sqlite';

/** A database of the node's, and how it writes: all of it on disk, or nothing. */
export interface PaymentDatabase {
  readonly db: DatabaseSync;
  transact<T>(work: () => T): T;
}
