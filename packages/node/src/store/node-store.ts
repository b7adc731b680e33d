import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type Address, ChorusError } from '@chorus/protocol';
import { closeStore, JOURNAL_FILE, openStore, type StoreOptions, transact } from './database.ts';
import { Spending } from './spending.ts';
import { TransactionLog } from './transaction-log.ts';

/** Whose record a store is. */
export interface StoreOwner {
  chainId: number;
  contract: Address;
  account: Address;
}

/**
 * The durable state of a node: one SQLite file that the host and its services share, each with tables of its own.
 *
 * Writes are synchronous and each transaction waits for the disk.
 */
export class NodeStore {
  readonly path: string;
  /** For the tables of a service; the host's tables are the host's alone. */
  readonly db: DatabaseSync;
  /** Signed transactions; what `connectChain` takes as `transactions`. */
  readonly transactions: TransactionLog;
  readonly spending: Spending;
  readonly #dataDir: string;
  #open = true;

  private constructor(dataDir: string, db: DatabaseSync) {
    this.#dataDir = dataDir;
    this.path = join(dataDir, JOURNAL_FILE);
    this.db = db;
    this.transactions = new TransactionLog(db, this.path);
    this.spending = new Spending(db, (work) => this.transact(work));
  }

  /** @throws ChorusError `E_STORE_*`, see {@link openStore} */
  static open(dataDir: string, options: StoreOptions = {}): NodeStore {
    return new NodeStore(dataDir, openStore(dataDir, options));
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /**
   * Bring the tables of a service up to date. Their names begin with the service's, but for those that are older than
   * services.
   *
   * @param migrations from each version to the next, each in one transaction; a released one is never edited
   * @throws ChorusError `E_STORE_VERSION` if a newer version of the service wrote them
   */
  migrate(service: string, migrations: readonly string[]): void {
    const row = this.db.prepare('SELECT version FROM service_migrations WHERE service = ?').get(service);
    const version = Number(row?.version ?? 0);
    if (version > migrations.length) {
      throw new ChorusError('E_STORE_VERSION', 'the journal was written by a newer version of Chorus', {
        facts: { path: this.path, service, found: version, known: migrations.length },
        hint: 'run the newer version, or give this one its own data folder',
      });
    }
    for (const [index, migration] of migrations.entries()) {
      if (index < version) continue;
      this.transact(() => {
        this.db.exec(migration);
        this.db.prepare('INSERT OR REPLACE INTO service_migrations VALUES (?, ?)').run(service, index + 1);
      });
    }
  }

  /**
   * Check to whom this store belongs; the first call records it.
   * @throws ChorusError `E_STORE_FOREIGN` if it belongs to another account, chain or contract
   */
  bind(owner: StoreOwner): void {
    const wanted = {
      chainId: String(owner.chainId),
      contract: owner.contract.toLowerCase(),
      account: owner.account.toLowerCase(),
    };
    const rows = this.db.prepare('SELECT key, value FROM identity').all();
    const found = Object.fromEntries(rows.map((row) => [String(row.key), String(row.value)]));
    this.transact(() => {
      for (const [key, value] of Object.entries(wanted)) {
        if (found[key] === undefined) this.db.prepare('INSERT INTO identity VALUES (?, ?)').run(key, value);
        else if (found[key] !== value) {
          throw new ChorusError('E_STORE_FOREIGN', `the data folder belongs to another ${key}`, {
            facts: { path: this.path, found: found[key], wanted: value },
            hint: 'a data folder serves one account on one contract: use another folder for this one',
          });
        }
      }
    });
  }

  /** Run `work` as one transaction: all of it on disk, or nothing. */
  transact<T>(work: () => T): T {
    return transact(this.db, this.path, work);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeStore(this.db, this.#dataDir);
  }
}
