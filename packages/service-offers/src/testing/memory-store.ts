import { DatabaseSync } from 'node:sqlite';
import { OFFERS_MIGRATIONS } from '../store/migrations.ts';

/** The tables of the service in memory. */
export function memoryStore() {
  const db = new DatabaseSync(':memory:');
  for (const sql of OFFERS_MIGRATIONS) db.exec(sql);
  return { db, transact: <T>(work: () => T): T => work() };
}
