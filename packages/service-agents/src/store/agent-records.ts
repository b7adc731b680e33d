import type { NodeStore } from '@chorus/node';
import { CHANNELS_SCHEMA, PURCHASES_SCHEMA, SALES_SCHEMA } from '@chorus/payments/schema';
import { HOLDINGS_MIGRATION } from '../revenue/holdings.ts';
import { AGENT_LOG_MIGRATION } from './agent-log.ts';
import { DIRECTORY_MIGRATION, REPUTATION_MIGRATION } from './directory-migration.ts';

/** Tables of the service; a released one is never edited. */
export const AGENTS_MIGRATIONS: readonly string[] = [
  'CREATE TABLE agents_agents (name TEXT PRIMARY KEY, file TEXT NOT NULL, added INTEGER NOT NULL) STRICT',
  DIRECTORY_MIGRATION,
  SALES_SCHEMA,
  PURCHASES_SCHEMA,
  HOLDINGS_MIGRATION,
  REPUTATION_MIGRATION,
  AGENT_LOG_MIGRATION,
  CHANNELS_SCHEMA,
];

/** An agent that the owner started, and has not stopped. */
export interface AgentRecord {
  name: string;
  /** Absolute path of the agent file. */
  file: string;
  /** ms since 1970. */
  added: number;
}

/** The agents that a node serves, also after a restart. */
export class AgentRecords {
  readonly #store: Pick<NodeStore, 'db' | 'transact'>;

  constructor(store: Pick<NodeStore, 'db' | 'transact'>) {
    this.#store = store;
  }

  /** In the order they were started. */
  all(): AgentRecord[] {
    const rows = this.#store.db
      .prepare('SELECT name, file, added FROM agents_agents ORDER BY added, name')
      .all();
    return rows.map(({ name, file, added }) => ({
      name: String(name),
      file: String(file),
      added: Number(added),
    }));
  }

  put({ name, file, added }: AgentRecord): void {
    const insert = this.#store.db.prepare('INSERT OR REPLACE INTO agents_agents VALUES (?, ?, ?)');
    this.#store.transact(() => insert.run(name, file, added));
  }

  remove(name: string): void {
    const remove = this.#store.db.prepare('DELETE FROM agents_agents WHERE name = ?');
    this.#store.transact(() => remove.run(name));
  }
}
