import type { DatabaseSync } from 'node:sqlite';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** One entry: what was spent, or put at risk. */
export interface Spent {
  /** What it is for, such as `stake`: each service counts its own kinds. */
  kind: string;
  /** What exactly it is for; of the same kind and reference the first entry counts. */
  ref: string;
  /** Address of the token; empty for the chain's own coin. */
  token: string;
  /** In the token's smallest unit. */
  amount: bigint;
}

/** What this account spent and put at risk within the last 24 hours, for the owner's limits. */
export class Spending {
  readonly #db: DatabaseSync;
  readonly #transact: (work: () => void) => void;

  constructor(db: DatabaseSync, transact: (work: () => void) => void) {
    this.#db = db;
    this.#transact = transact;
  }

  /** Record the cost of a mined transaction, in the smallest unit of the chain's own coin. */
  paidGas(wei: bigint): void {
    if (wei <= 0n) return;
    const ref = String(Math.floor(Date.now() / HOUR));
    this.#transact(() => {
      this.#prune();
      const before = this.#db.prepare("SELECT amount FROM spending WHERE kind = 'gas' AND ref = ?").get(ref);
      const amount = BigInt(String(before?.amount ?? '0')) + wei;
      this.#write({ kind: 'gas', ref, token: '', amount });
    });
  }

  /** Gas costs of the last 24 hours, rounded up to whole hours. */
  gasOfDay(): bigint {
    return this.ofDay('gas', '');
  }

  /** Record what is about to be spent or put at risk. */
  add(entry: Spent): void {
    this.#transact(() => {
      this.#prune();
      const { kind, ref } = entry;
      const known = this.#db.prepare('SELECT 1 FROM spending WHERE kind = ? AND ref = ?').get(kind, ref);
      if (!known) this.#write({ ...entry, token: entry.token.toLowerCase() });
    });
  }

  /** Record that it was not spent. Part of the caller's transaction. */
  drop(kind: string, ref: string): void {
    this.#db.prepare('DELETE FROM spending WHERE kind = ? AND ref = ?').run(kind, ref);
  }

  /** The sum of a kind in one token within the last 24 hours, without the reference `except`. */
  ofDay(kind: string, token: string, except = ''): bigint {
    return this.#db
      .prepare('SELECT amount FROM spending WHERE kind = ? AND token = ? AND at > ? AND ref <> ?')
      .all(kind, token.toLowerCase(), Date.now() - DAY, except)
      .reduce((sum, { amount }) => sum + BigInt(String(amount)), 0n);
  }

  #write({ kind, ref, token, amount }: Spent): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO spending VALUES (?, ?, ?, ?, ?)')
      .run(kind, ref, token, amount.toString(), Date.now());
  }

  #prune(): void {
    this.#db.prepare('DELETE FROM spending WHERE at <= ?').run(Date.now() - DAY);
  }
}
