import { DatabaseSync } from 'node:sqlite';
import type { Address, Hex } from '@chorus/protocol';

/** A signed transaction whose outcome is not known yet. */
export interface PendingTransaction {
  chainId: number;
  account: Address;
  nonce: number;
  /** Its purpose, in words. */
  action: string;
  to: Address;
  data: Hex;
  /** The signed bytes handed to the network: the first offer, then its replacements. At most one can be mined. */
  signed: Hex[];
  /** Time of the first signature, milliseconds since 1970. */
  since: number;
}

/**
 * Keeps signed transactions from before their broadcast until their outcome is known, so that a process that
 * ended in between looks the outcome up instead of sending again. One store belongs to one process.
 */
export interface TransactionStore {
  /** Insert, or replace the entry of the same chain, account and nonce. Durable when it resolves. */
  put(transaction: PendingTransaction): Promise<void>;
  delete(transaction: Pick<PendingTransaction, 'chainId' | 'account' | 'nonce'>): Promise<void>;
  /** Entries of an account, by nonce. */
  list(chainId: number, account: Address): Promise<PendingTransaction[]>;
}

/** A store in memory: its content is lost when the process ends. */
export function memoryTransactionStore(): TransactionStore {
  const entries = new Map<string, PendingTransaction>();
  const key = (t: Pick<PendingTransaction, 'chainId' | 'account' | 'nonce'>): string =>
    `${t.chainId} ${t.account} ${t.nonce}`;
  return {
    put: async (transaction) => void entries.set(key(transaction), structuredClone(transaction)),
    delete: async (transaction) => void entries.delete(key(transaction)),
    list: async (chainId, account) =>
      [...entries.values()]
        .filter((entry) => entry.chainId === chainId && entry.account === account)
        .sort((a, b) => a.nonce - b.nonce)
        .map((entry) => structuredClone(entry)),
  };
}

/**
 * A store in a SQLite file (`:memory:` for none).
 *
 * @example
 * const transactions = sqliteTransactionStore('wallet.sqlite');
 * const chain = await connectChain({ url, contract, privateKey, transactions });
 */
export function sqliteTransactionStore(path: string): TransactionStore & { close(): void } {
  const database = new DatabaseSync(path);
  // FULL: a transaction that is on the network but not in this file would be sent twice.
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;
    CREATE TABLE IF NOT EXISTS pending_transactions (
      chain_id INTEGER NOT NULL, account TEXT NOT NULL, nonce INTEGER NOT NULL, body TEXT NOT NULL,
      PRIMARY KEY (chain_id, account, nonce)
    ) STRICT, WITHOUT ROWID;`);
  const put = database.prepare('INSERT OR REPLACE INTO pending_transactions VALUES (?, ?, ?, ?)');
  const remove = database.prepare(
    'DELETE FROM pending_transactions WHERE chain_id = ? AND account = ? AND nonce = ?',
  );
  const list = database.prepare(
    'SELECT body FROM pending_transactions WHERE chain_id = ? AND account = ? ORDER BY nonce',
  );
  return {
    put: async (t) => void put.run(t.chainId, t.account, t.nonce, JSON.stringify(t)),
    delete: async (t) => void remove.run(t.chainId, t.account, t.nonce),
    list: async (chainId, account) =>
      list.all(chainId, account).map((row) => JSON.parse(String(row.body)) as PendingTransaction),
    close: () => {
      if (database.isOpen) database.close();
    },
  };
}
