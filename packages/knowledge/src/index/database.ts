import { DatabaseSync } from 'node:sqlite';
import { ChorusError } from '@chorus/protocol';

/** Tables of an index; another number is built again from the documents. */
const VERSION = 1;

const TABLES = `
CREATE TABLE documents (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, bytes INTEGER NOT NULL, changed REAL NOT NULL,
  fault TEXT
) STRICT;
CREATE TABLE passages (
  id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE
) STRICT;
CREATE INDEX passages_document ON passages (document);
CREATE TABLE vectors (
  passage INTEGER NOT NULL REFERENCES passages ON DELETE CASCADE, model TEXT NOT NULL, vector BLOB NOT NULL,
  PRIMARY KEY (passage, model)
) STRICT;
CREATE VIRTUAL TABLE passage_texts USING fts5(place, text, tokenize = 'porter unicode61 remove_diacritics 2');
PRAGMA user_version = ${VERSION};`;

/** Milliseconds to wait for another process that writes the same index. */
const BUSY_MILLISECONDS = 10_000;

/**
 * The database of an index. One of another version is emptied: the documents are still there.
 * @throws ChorusError `E_DOCUMENT_INDEX`
 */
export function openDatabase(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: BUSY_MILLISECONDS });
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;');
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version !== VERSION) {
      db.exec('BEGIN IMMEDIATE');
      for (const table of ['passage_texts', 'vectors', 'passages', 'documents'])
        db.exec(`DROP TABLE IF EXISTS ${table}`);
      db.exec(TABLES);
      db.exec('COMMIT');
    }
    return db;
  } catch (cause) {
    db?.close();
    throw new ChorusError('E_DOCUMENT_INDEX', 'the index of the documents cannot be opened', {
      facts: { path },
      hint: 'check the permissions of its folder; if the file is damaged, delete it: it is built again',
      cause,
    });
  }
}
