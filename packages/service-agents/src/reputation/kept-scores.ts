import type { NodeStore } from '@chorus/node';

/** What is kept of an agent's reputation, to order agents by. */
export interface KeptScore {
  score: number;
  raters: number;
  /** What they paid for what they rated, in the smallest unit of the token that ratings are about. */
  paid: bigint;
}

/** Scores of agents as they were last read. */
export class KeptScores {
  readonly #store: Pick<NodeStore, 'db' | 'transact'>;

  constructor(store: Pick<NodeStore, 'db' | 'transact'>) {
    this.#store = store;
  }

  put(agentId: bigint, { score, raters, paid }: KeptScore): void {
    // No identity has such a number, and SQLite cannot hold every one.
    if (agentId > BigInt(Number.MAX_SAFE_INTEGER)) return;
    this.#store.transact(() =>
      this.#store.db
        .prepare('INSERT OR REPLACE INTO agents_reputations VALUES (?, ?, ?, ?, ?)')
        .run(agentId, score, raters, paid.toString(), Date.now()),
    );
  }

  /** As it was last read; null if it was not. */
  of(agentId: bigint): KeptScore | null {
    if (agentId > BigInt(Number.MAX_SAFE_INTEGER)) return null;
    const row = this.#store.db
      .prepare('SELECT score, raters, paid FROM agents_reputations WHERE agent_id = ?')
      .get(agentId);
    return row
      ? { score: Number(row.score), raters: Number(row.raters), paid: BigInt(String(row.paid)) }
      : null;
  }

  /** Listed agents whose score was never read or before `since` (ms since 1970), those that wait longest first. */
  stale(since: number, most: number): bigint[] {
    return this.#store.db
      .prepare(
        `SELECT d.agent_id FROM agents_directory AS d LEFT JOIN agents_reputations AS r USING (agent_id)
         WHERE d.listing IS NOT NULL AND coalesce(r.at, 0) < ? ORDER BY coalesce(r.at, 0), d.agent_id LIMIT ?`,
      )
      .all(since, most)
      .map((row) => BigInt(Number(row.agent_id)));
  }

  /** Drop those of agents that are no longer listed. */
  prune(): void {
    this.#store.transact(() =>
      this.#store.db
        .prepare(
          'DELETE FROM agents_reputations WHERE agent_id NOT IN (SELECT agent_id FROM agents_directory)',
        )
        .run(),
    );
  }
}
