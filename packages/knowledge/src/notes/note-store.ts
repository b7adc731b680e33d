import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ChorusError } from '@chorus/protocol';
import { makeFolderSync } from '@chorus/utils';
import { CallerNotes, type Note } from './caller-notes.ts';

/** A caller that an agent has notes of. */
export interface NotedCaller {
  caller: string;
  notes: number;
  /** When the last one was written, ms since 1970. */
  last: number;
}

const FILE = 'notes.sqlite';
const BUSY_MILLISECONDS = 10_000;
const VERSION = 1;
const TABLES = `
CREATE TABLE notes (
  row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, caller TEXT NOT NULL, written INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_caller ON notes (caller, written);
CREATE INDEX notes_written ON notes (written);
CREATE VIRTUAL TABLE note_texts USING fts5(text, tokenize = 'porter unicode61 remove_diacritics 2');
PRAGMA user_version = ${VERSION};`;

/** Callers that a note can be kept for: one without proven identity may be anyone. */
const PROVEN = /^(?:owner$|peer:.)/;

export interface NoteStoreOptions {
  /** The folder of the agent's state; made if missing. */
  state: string;
  /** How long a note is kept, ms; null: it is not known here, so nothing is removed. */
  keepMilliseconds: number | null;
  /** ms since 1970; for tests. */
  now?: () => number;
}

/**
 * What an agent has noted of its callers. The agent is given the notes of one caller at a time; only its owner sees who is
 * in the store.
 */
export class NoteStore {
  readonly #db: DatabaseSync;
  readonly #now: () => number;
  readonly #keep: number | null;

  /** @throws ChorusError `E_MEMORY_STORE` */
  constructor({ state, keepMilliseconds, now = Date.now }: NoteStoreOptions) {
    makeFolderSync(state, 0o700);
    this.#db = openNotes(join(state, FILE));
    this.#now = now;
    this.#keep = keepMilliseconds;
    this.#expire();
  }

  /** Whether there is a store in a folder. */
  static isIn(state: string): boolean {
    return existsSync(join(state, FILE));
  }

  /** The notes of one caller, who cannot be changed; null for one without proven identity. */
  of(caller: string): CallerNotes | null {
    if (!PROVEN.test(caller)) return null;
    return new CallerNotes(this.#db, caller, { now: this.#now, expire: () => this.#expire() });
  }

  /** For the owner. */
  callers(): NotedCaller[] {
    const rows = this.#db
      .prepare(
        'SELECT caller, COUNT(*) AS notes, MAX(written) AS last FROM notes GROUP BY caller ORDER BY last DESC',
      )
      .all();
    return rows as unknown as NotedCaller[];
  }

  /** For the owner: the notes of a caller, the latest first. */
  list(caller: string): Note[] {
    const rows = this.#db
      .prepare(
        'SELECT id, text, written FROM notes JOIN note_texts ON note_texts.rowid = row WHERE caller = ? ORDER BY written DESC, row DESC',
      )
      .all(caller);
    return rows as unknown as Note[];
  }

  /**
   * For the owner: forgets all of a caller, or of everyone.
   * @returns how many notes there were
   */
  forget(caller: string | null): number {
    return this.#delete('? IS NULL OR caller = ?', [caller, caller]);
  }

  /** Safe to call again. */
  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #expire(): void {
    if (this.#keep !== null) this.#delete('written < ?', [this.#now() - this.#keep]);
  }

  #delete(where: string, values: (string | number | null)[]): number {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      this.#db
        .prepare(`DELETE FROM note_texts WHERE rowid IN (SELECT row FROM notes WHERE ${where})`)
        .run(...values);
      const { changes } = this.#db.prepare(`DELETE FROM notes WHERE ${where}`).run(...values);
      this.#db.exec('COMMIT');
      return Number(changes);
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

function openNotes(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: BUSY_MILLISECONDS });
    // What is forgotten is overwritten in the file.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;');
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version > VERSION) throw new Error(`its version is ${version}, and this program knows ${VERSION}`);
    if (version === 0) db.exec(TABLES);
    return db;
  } catch (cause) {
    db?.close();
    throw new ChorusError('E_MEMORY_STORE', "the agent's notes cannot be opened", {
      facts: { path },
      hint: 'check the permissions of its folder; if the file is damaged, move it away: the agent begins without notes',
      cause,
    });
  }
}
