import type { NodeStore } from '@chorus/node';

/** Table of {@link Holdings}; a released migration is never edited. */
export const HOLDINGS_MIGRATION = 'CREATE TABLE agents_holdings (agent_id TEXT PRIMARY KEY) STRICT';

/** Agents of which this node has launched or bought units: where its wallet may have revenue. What it holds is on chain. */
export class Holdings {
  readonly #store: Pick<NodeStore, 'db' | 'transact'>;

  constructor(store: Pick<NodeStore, 'db' | 'transact'>) {
    this.#store = store;
  }

  all(): bigint[] {
    const rows = this.#store.db.prepare('SELECT agent_id FROM agents_holdings ORDER BY rowid').all();
    return rows.map((row) => BigInt(String(row.agent_id)));
  }

  add(agentId: bigint): void {
    const insert = this.#store.db.prepare('INSERT OR IGNORE INTO agents_holdings VALUES (?)');
    this.#store.transact(() => insert.run(agentId.toString()));
  }
}
