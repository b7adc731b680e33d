import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ChorusError } from '@chorus/protocol';
import { isAlive, makeFolderSync } from '@chorus/utils';
import { APPLICATION_ID, HOST_SCHEMA, MIGRATIONS } from './schema.ts';
import { storeFault, toStoreError } from './store-error.ts';

/** File of a node's journal within its data folder. */
export const JOURNAL_FILE = 'journal.sqlite';
const PID_FILE = 'journal.pid';
/** Readable only by its owner, whatever the folder's permissions. */
const PRIVATE = 0o600;

/** Largest journal: history is bounded by count; this bounds the damage of a programming error. */
const MAX_BYTES = 256 * 1024 * 1024;
const PAGE_BYTES = 4096;

/** A node that was just killed releases its lock within this time. */
const LOCK_PATIENCE_MILLISECONDS = 500;

export interface StoreOptions {
  /** Refuse to grow past this (E_STORE_FULL); 256 MiB by default. */
  maxBytes?: number;
  /** Only for tests of migrations; by default those of the host. */
  migrations?: readonly string[];
}

/**
 * Open the journal's database: one writer, write-ahead logged, each transaction on the disk before it counts.
 *
 * An existing file is never replaced: a damaged one is reported, and not changed. The kernel holds the lock, so it
 * ends with the process in any case.
 *
 * @throws ChorusError `E_STORE_LOCKED` (naming the other process if known), `E_STORE_CORRUPT`,
 *   `E_STORE_VERSION`, `E_STORE_READONLY`, `E_STORE_FULL`, `E_STORE_IO`
 */
export function openStore(dataDir: string, options: StoreOptions = {}): DatabaseSync {
  const path = join(dataDir, JOURNAL_FILE);
  const migrations = options.migrations ?? MIGRATIONS;
  let db: DatabaseSync | null = null;
  try {
    makeFolderSync(dataDir, 0o700);
    if (!existsSync(path)) create(path);
    // SQLite would open a file that it cannot write, and fail later with an unclear error.
    accessSync(dataDir, constants.W_OK);
    accessSync(path, constants.R_OK | constants.W_OK);
    // SQLite accepts an empty file as a new database; ours begin with a schema. The file is not opened for this
    // check: closing it would release the lock that another connection of this process may hold (fcntl(2)).
    if (statSync(path).size === 0) throw storeFault('E_STORE_CORRUPT', { path, found: 'an empty file' });
    // For files of earlier versions; the write-ahead log gets the file's own permissions.
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) chmodSync(path, PRIVATE);
    db = new DatabaseSync(path, { timeout: LOCK_PATIENCE_MILLISECONDS });
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL;');
    // Check before any write: a file that is damaged, or not ours, must not change.
    check(db, path);
    db.exec('PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE; COMMIT;');
    const pages = Math.floor((options.maxBytes ?? MAX_BYTES) / PAGE_BYTES);
    db.exec(`PRAGMA max_page_count = ${pages}; PRAGMA journal_size_limit = 4194304;`);
    migrate(db, migrations, path);
    writeFileSync(join(dataDir, PID_FILE), `${process.pid}\n`, { mode: 0o600 });
    return db;
  } catch (error) {
    db?.close();
    const known = toStoreError(error, { path });
    if (known instanceof ChorusError && known.code === 'E_STORE_LOCKED') {
      const pid = journalOwner(dataDir);
      throw storeFault('E_STORE_LOCKED', { path, ...(pid === null ? {} : { pid }) }, error);
    }
    throw known;
  }
}

/** Close the database, with everything in one file. */
export function closeStore(db: DatabaseSync, dataDir: string): void {
  db.close();
  rmSync(join(dataDir, PID_FILE), { force: true });
}

/**
 * Move a damaged journal aside so that the next start creates a new one, and rebuilds what it can from the chain and
 * from the payloads next to it. The damaged file is kept.
 *
 * @returns the new path of the damaged file, null if there was no file
 * @throws ChorusError `E_STORE_LOCKED` if a node uses it, `E_STORE_HEALTHY` if it is not damaged
 */
export function setJournalAside(dataDir: string): string | null {
  const path = join(dataDir, JOURNAL_FILE);
  if (!existsSync(path)) return null;
  try {
    closeStore(openStore(dataDir), dataDir);
  } catch (error) {
    if (!(error instanceof ChorusError) || error.code !== 'E_STORE_CORRUPT') throw error;
    const aside = path + damagedSuffix();
    renameSync(path, aside);
    if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside}-wal`);
    return aside;
  }
  throw new ChorusError('E_STORE_HEALTHY', 'the journal is not damaged: it was not moved', {
    facts: { path },
  });
}

/** Run `work` as one transaction: all of it on disk, or nothing. */
export function transact<T>(db: DatabaseSync, path: string, work: () => T): T {
  try {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors.
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  } catch (error) {
    throw toStoreError(error, { path });
  }
}

function damagedSuffix(): string {
  return `.damaged-${new Date().toISOString().replaceAll(':', '')}`;
}

/**
 * Create the file completely or not at all: it is written under another name first, and never replaces another file.
 */
function create(path: string): void {
  // The log of a removed journal: SQLite would apply it to the new one.
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${path}-wal${damagedSuffix()}`);
  const made = `${path}.${process.pid}.new`;
  rmSync(made, { force: true });
  const db = new DatabaseSync(made);
  try {
    db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA application_id = ${APPLICATION_ID};`);
    db.exec('PRAGMA user_version = 0; VACUUM;');
  } finally {
    db.close();
  }
  chmodSync(made, PRIVATE);
  try {
    linkSync(made, path);
  } catch (error) {
    // Another process was faster: use its file.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(made, { force: true });
  }
}

function check(db: DatabaseSync, path: string): void {
  const application = pragma(db, 'application_id');
  if (application !== APPLICATION_ID) throw storeFault('E_STORE_CORRUPT', { path, found: 'not a journal' });
  const found = db.prepare('PRAGMA quick_check(1)').get() as { quick_check?: unknown } | undefined;
  if (found?.quick_check !== 'ok') {
    throw storeFault('E_STORE_CORRUPT', { path, found: String(found?.quick_check).slice(0, 200) });
  }
}

function migrate(db: DatabaseSync, migrations: readonly string[], path: string): void {
  const version = pragma(db, 'user_version');
  if (version > migrations.length) {
    throw new ChorusError('E_STORE_VERSION', 'the journal was written by a newer version of Chorus', {
      facts: { path, found: version, known: migrations.length },
      hint: 'run the newer version, or give this one its own data folder',
    });
  }
  if (version === 0) {
    transact(db, path, () => db.exec(`${HOST_SCHEMA}; PRAGMA user_version = ${migrations.length};`));
    return;
  }
  if (version < migrations.length) backUp(db, `${path}.v${version}`);
  for (const [index, migration] of migrations.entries()) {
    if (index < version) continue;
    transact(db, path, () => db.exec(`${migration}; PRAGMA user_version = ${index + 1};`));
  }
}

/** The store as it was before an upgrade: the release that made it can go on with it. */
function backUp(db: DatabaseSync, path: string): void {
  // Of an upgrade that did not get further.
  rmSync(path, { force: true });
  db.prepare('VACUUM INTO ?').run(path);
  chmodSync(path, PRIVATE);
}

function pragma(db: DatabaseSync, name: string): number {
  return Number((db.prepare(`PRAGMA ${name}`).get() as Record<string, unknown>)[name]);
}

/** The process that holds a data folder's journal, if it wrote its id and still runs; otherwise null. */
export function journalOwner(dataDir: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(join(dataDir, PID_FILE), 'utf8'), 10);
    return pid > 0 && isAlive(pid) ? pid : null;
  } catch {
    return null;
  }
}
