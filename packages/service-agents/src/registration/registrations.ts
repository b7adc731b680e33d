import type { NodeStore } from '@chorus/node';
import type { Address } from '@chorus/protocol';

/** An agent of this node with an identity on chain. */
export interface RegistrationRecord {
  /** Of the agent in addresses. */
  name: string;
  agentId: bigint;
  /** The registry that it is in. */
  registry: Address;
  /** CID of its registration file; null until that is stored. */
  cid: string | null;
  /** Others are no longer told of it. */
  retired: boolean;
}

/** The identities of this node's agents; an agent that is stopped keeps its identity. */
export class Registrations {
  readonly #store: Pick<NodeStore, 'db' | 'transact'>;

  constructor(store: Pick<NodeStore, 'db' | 'transact'>) {
    this.#store = store;
  }

  all(): RegistrationRecord[] {
    return this.#store.db.prepare('SELECT * FROM agents_registrations ORDER BY name').all().map(recordOf);
  }

  get(name: string): RegistrationRecord | null {
    const row = this.#store.db.prepare('SELECT * FROM agents_registrations WHERE name = ?').get(name);
    return row ? recordOf(row) : null;
  }

  put({ name, agentId, registry, cid, retired }: RegistrationRecord): void {
    const insert = this.#store.db.prepare(
      'INSERT OR REPLACE INTO agents_registrations VALUES (?, ?, ?, ?, ?)',
    );
    this.#store.transact(() => insert.run(name, agentId.toString(), registry, cid, Number(retired)));
  }
}

function recordOf(row: Record<string, unknown>): RegistrationRecord {
  return {
    name: String(row.name),
    agentId: BigInt(String(row.agent_id)),
    registry: String(row.registry) as Address,
    cid: row.cid === null ? null : String(row.cid),
    retired: row.retired === 1,
  };
}
