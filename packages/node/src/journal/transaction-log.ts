import type { DatabaseSync } from 'node:sqlite';
import type { Hex } from '@chorus/protocol';
import { transact } from './store.ts';

/** Transactions with a known outcome that are kept. */
const MAX_KEPT = 500;

/** A signed transaction. Sending the same one again is harmless: its nonce can be used once. */
export interface LoggedTransaction {
  hash: Hex;
  nonce: number;
  /** What it is for, in words. */
  action: string;
  /** As handed to the chain. */
  raw: Hex;
}

/**
 * The transactions of an account, recorded before they are sent: after a crash the chain is asked what became of
 * them, and one that it does not know is sent again as it was, never signed anew.
 */
export class TransactionLog {
  readonly #db: DatabaseSync;
  readonly #path: string;

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
  }

  signed({ hash, nonce, action, raw }: LoggedTransaction): void {
    transact(this.#db, this.#path, () => {
      this.#db
        .prepare(
          'INSERT OR REPLACE INTO transactions (hash, nonce, action, raw, outcome, at) VALUES (?, ?, ?, ?, NULL, ?)',
        )
        .run(hash, nonce, action, raw, Date.now());
    });
  }

  /** Mined, mined but reverted, or never to be mined because another took its nonce. */
  settled(hash: Hex, outcome: 'mined' | 'failed' | 'replaced'): void {
    transact(this.#db, this.#path, () => {
      this.#db.prepare('UPDATE transactions SET outcome = ? WHERE hash = ?').run(outcome, hash);
      this.#db
        .prepare(
          'DELETE FROM transactions WHERE hash IN (SELECT hash FROM transactions WHERE outcome IS NOT NULL ORDER BY at DESC, nonce DESC LIMIT -1 OFFSET ?)',
        )
        .run(MAX_KEPT);
    });
  }

  /** Those whose outcome is not known, in the order of their nonces. */
  unsettled(): LoggedTransaction[] {
    return this.#db
      .prepare('SELECT * FROM transactions WHERE outcome IS NULL ORDER BY nonce, at')
      .all()
      .map((row) => ({
        hash: String(row.hash) as Hex,
        nonce: Number(row.nonce),
        action: String(row.action),
        raw: String(row.raw) as Hex,
      }));
  }
}
