import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ChorusError, reasonOf } from '@chorus/protocol';
import { makeFolderSync } from '@chorus/utils';

const VERSION = 1;

const SCHEMA = `
  CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    context TEXT NOT NULL,
    minted INTEGER NOT NULL,
    state INTEGER NOT NULL,
    status_time TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX tasks_by_owner ON tasks (owner, status_time DESC, id DESC);
  CREATE INDEX tasks_by_context ON tasks (owner, context, created);
  CREATE INDEX tasks_by_age ON tasks (updated);
  CREATE TABLE push (
    task TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (task, id)
  ) STRICT;
  PRAGMA user_version = ${VERSION};
`;

/**
 * Open the database of an agent's tasks.
 * @param path a file, or `:memory:`
 * @throws ChorusError `E_A2A_STORE`
 */
export function openDatabase(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    if (path !== ':memory:') makeFolderSync(dirname(path), 0o700);
    db = new DatabaseSync(path, { timeout: 500 });
    db.exec('PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version === 0) db.exec(`BEGIN; ${SCHEMA} COMMIT;`);
    else if (version !== VERSION) throw new Error(`version ${version} of its schema is not known`);
    if (path !== ':memory:' && process.platform !== 'win32') chmodSync(path, 0o600);
    return db;
  } catch (cause) {
    db?.close();
    throw new ChorusError('E_A2A_STORE', "cannot open the file of the agent's tasks", {
      facts: { path, cause: reasonOf(cause) },
      hint: 'move the file away to begin without earlier tasks',
      cause,
    });
  }
}
