import type { DatabaseSync } from 'node:sqlite';
import type { TransactionStore } from '@chorus/chain';
import type { Address } from '@chorus/protocol';
import { decodeDetail, encodeDetail } from './codec.ts';
import { transact } from './database.ts';

type PendingTransaction = Parameters<TransactionStore['put']>[0];

/**
 * The transactions of an account, from before they are sent until their outcome is known. After a crash the node
 * asks the chain for their outcome; it sends an unknown one again unchanged, and never signs it again.
 */
export class TransactionLog implements TransactionStore {
  readonly #db: DatabaseSync;
  readonly #path: string;

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
  }

  async put(transaction: PendingTransaction): Promise<void> {
    const { chainId, account, nonce } = transaction;
    transact(this.#db, this.#path, () => {
      this.#db
        .prepare('INSERT OR REPLACE INTO transactions VALUES (?, ?, ?, ?)')
        .run(chainId, account.toLowerCase(), nonce, encodeDetail(transaction));
    });
  }

  async delete(transaction: Pick<PendingTransaction, 'chainId' | 'account' | 'nonce'>): Promise<void> {
    const { chainId, account, nonce } = transaction;
    transact(this.#db, this.#path, () => {
      this.#db
        .prepare('DELETE FROM transactions WHERE chain_id = ? AND account = ? AND nonce = ?')
        .run(chainId, account.toLowerCase(), nonce);
    });
  }

  async list(chainId: number, account: Address): Promise<PendingTransaction[]> {
    return this.#db
      .prepare('SELECT body FROM transactions WHERE chain_id = ? AND account = ? ORDER BY nonce')
      .all(chainId, account.toLowerCase())
      .map((row) => decodeDetail(String(row.body)) as PendingTransaction);
  }
}
