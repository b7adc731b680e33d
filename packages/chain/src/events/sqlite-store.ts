import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { Address } from '@chorus/protocol';
import { blocksOf, otherSubject } from './memory-store.ts';
import { type BlockRef, type EventStore, type IndexedLog, KEPT_CHECKPOINTS } from './store.ts';

const SCHEMA = `
  PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS subject (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS checkpoints (number INTEGER PRIMARY KEY, hash TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS logs (
    block INTEGER NOT NULL, place INTEGER NOT NULL, block_hash TEXT NOT NULL, transaction_hash TEXT NOT NULL,
    address TEXT NOT NULL, topic0 TEXT, topic1 TEXT, topic2 TEXT, topic3 TEXT, data TEXT NOT NULL,
    PRIMARY KEY (block, place)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS logs_by_topic ON logs (topic0, topic1, topic2, block);`;

/**
 * A store in a SQLite file (`:memory:` for none).
 *
 * @example
 * const store = sqliteEventStore('events.sqlite');
 */
export function sqliteEventStore(path: string): EventStore {
  const database = new DatabaseSync(path);
  database.exec(SCHEMA);
  const insert = database.prepare('INSERT OR REPLACE INTO logs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const mark = database.prepare('INSERT OR REPLACE INTO checkpoints VALUES (?, ?)');
  const prune = database.prepare(
    'DELETE FROM checkpoints WHERE number < (SELECT number FROM checkpoints ORDER BY number DESC LIMIT 1 OFFSET ?)',
  );
  const atomically = (work: () => void): void => {
    database.exec('BEGIN IMMEDIATE');
    try {
      work();
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  };
  const block = (row: Record<string, unknown>): BlockRef => ({
    number: Number(row.number),
    hash: String(row.hash),
  });
  return {
    async bind(wanted) {
      database.prepare('INSERT OR IGNORE INTO subject VALUES (1, ?)').run(wanted);
      const found = String(database.prepare('SELECT name FROM subject').get()!.name);
      if (found !== wanted) throw otherSubject(found, wanted);
    },
    async head() {
      const row = database.prepare('SELECT * FROM checkpoints ORDER BY number DESC LIMIT 1').get();
      return row === undefined ? null : block(row);
    },
    async checkpoints() {
      return database.prepare('SELECT * FROM checkpoints ORDER BY number').all().map(block);
    },
    async append(logs, head) {
      atomically(() => {
        for (const log of logs) {
          const { blockNumber, logIndex, blockHash, transactionHash, address, topics, data } = log;
          const four = Array.from({ length: 4 }, (_, i) => topics[i] ?? null);
          insert.run(blockNumber, logIndex, blockHash, transactionHash, address, ...four, data);
        }
        for (const { number, hash } of blocksOf(logs, head)) mark.run(number, hash);
        prune.run(KEPT_CHECKPOINTS - 1);
      });
    },
    async rollback(number) {
      atomically(() => {
        database.prepare('DELETE FROM logs WHERE block > ?').run(number);
        database.prepare('DELETE FROM checkpoints WHERE number > ?').run(number);
      });
    },
    async logs({ addresses, topics = [], from = 0, to = Number.MAX_SAFE_INTEGER, last = -1 } = {}) {
      const where = ['block BETWEEN ? AND ?'];
      const values: SQLInputValue[] = [from, to];
      if (addresses !== undefined) {
        where.push(`address IN (${addresses.map(() => '?').join(', ')})`);
        values.push(...addresses);
      }
      for (const [i, topic] of topics.slice(0, 4).entries()) {
        if (topic === null) continue;
        where.push(`topic${i} = ?`);
        values.push(topic);
      }
      // SQLite takes a negative limit for none.
      const query = `SELECT * FROM logs WHERE ${where.join(' AND ')} ORDER BY block DESC, place DESC LIMIT ?`;
      return database
        .prepare(query)
        .all(...values, last)
        .map(logOf)
        .reverse();
    },
    async close() {
      database.close();
    },
  };
}

function logOf(row: Record<string, unknown>): IndexedLog {
  return {
    address: row.address as Address,
    topics: [row.topic0, row.topic1, row.topic2, row.topic3].flatMap((t) => (t === null ? [] : [String(t)])),
    data: String(row.data),
    blockNumber: Number(row.block),
    blockHash: String(row.block_hash),
    logIndex: Number(row.place),
    transactionHash: String(row.transaction_hash),
  };
}
