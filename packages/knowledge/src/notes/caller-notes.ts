import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { ChorusError } from '@chorus/protocol';
import { MAX_NOTE, MAX_NOTES, MAX_NOTES_OF_CALLER } from '../limits.ts';
import { matchOf } from '../search/match.ts';

export interface Note {
  id: string;
  text: string;
  /** When it was written, ms since 1970. */
  written: number;
}

/** The notes of one caller. No method takes a caller: those of another one cannot be named. */
export class CallerNotes {
  readonly #db: DatabaseSync;
  readonly #caller: string;
  readonly #now: () => number;
  readonly #expire: () => void;

  constructor(db: DatabaseSync, caller: string, { now, expire }: { now: () => number; expire: () => void }) {
    this.#db = db;
    this.#caller = caller;
    this.#now = now;
    this.#expire = expire;
  }

  /** @throws ChorusError `E_MEMORY_FULL` if the note is too long, or there are too many */
  remember(text: string): Note {
    this.#expire();
    if (text.trim() === '' || text.length > MAX_NOTE)
      throw full('a note has to be shorter', MAX_NOTE, 'write less');
    const count = (sql: string, ...values: string[]) =>
      (this.#db.prepare(sql).get(...values) as { count: number }).count;
    if (count('SELECT COUNT(*) AS count FROM notes WHERE caller = ?', this.#caller) >= MAX_NOTES_OF_CALLER) {
      throw full('there are as many notes as there may be', MAX_NOTES_OF_CALLER, 'forget one first');
    }
    if (count('SELECT COUNT(*) AS count FROM notes') >= MAX_NOTES) {
      throw full('the agent has as many notes as it may', MAX_NOTES, "ask the agent's owner to remove some");
    }
    const note = { id: randomBytes(4).toString('hex'), text, written: this.#now() };
    this.#transact(() => {
      const { lastInsertRowid } = this.#db
        .prepare('INSERT INTO notes (id, caller, written) VALUES (?, ?, ?)')
        .run(note.id, this.#caller, note.written);
      this.#db.prepare('INSERT INTO note_texts (rowid, text) VALUES (?, ?)').run(lastInsertRowid, text);
    });
    return note;
  }

  /** The notes that share words with a question, the nearest first; without a word, the latest. */
  recall(question: string, most: number): Note[] {
    this.#expire();
    const match = matchOf(question);
    const columns =
      'SELECT id, text, written FROM note_texts JOIN notes ON notes.row = note_texts.rowid WHERE caller = ?';
    const rows =
      match === null
        ? this.#db.prepare(`${columns} ORDER BY written DESC, row DESC LIMIT ?`).all(this.#caller, most)
        : this.#db
            .prepare(`${columns} AND note_texts MATCH ? ORDER BY bm25(note_texts) LIMIT ?`)
            .all(this.#caller, match, most);
    return rows as unknown as Note[];
  }

  /** @returns whether this caller had such a note */
  forget(id: string): boolean {
    const mine = 'SELECT row FROM notes WHERE id = ? AND caller = ?';
    let found = false;
    this.#transact(() => {
      this.#db.prepare(`DELETE FROM note_texts WHERE rowid IN (${mine})`).run(id, this.#caller);
      const { changes } = this.#db
        .prepare('DELETE FROM notes WHERE id = ? AND caller = ?')
        .run(id, this.#caller);
      found = Number(changes) > 0;
    });
    return found;
  }

  #transact(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

function full(message: string, limit: number, hint: string): ChorusError {
  return new ChorusError('E_MEMORY_FULL', `${message} (at most ${limit})`, { facts: { limit }, hint });
}
