import type { CountedJob, JobOutcome, JobRecord, OwnExperience } from '@chorus/market';
import { recordOf } from '@chorus/market';
import type { NodeStore } from '@chorus/node';

/** Jobs of an agent that one record is made of: the latest. */
const MOST_COUNTED = 1_000;

/** Jobs of offers of the whole network, as far as they count for the record of an agent, and this node's own experience. */
export class JobRecords {
  readonly #store: Pick<NodeStore, 'db' | 'transact'>;

  constructor(store: Pick<NodeStore, 'db' | 'transact'>) {
    this.#store = store;
  }

  /** The last job that was read. */
  get cursor(): bigint {
    return BigInt(Number(this.#store.db.prepare('SELECT job_id FROM offers_cursor').get()?.job_id ?? 0));
  }

  set cursor(jobId: bigint) {
    this.#run('INSERT OR REPLACE INTO offers_cursor VALUES (1, ?)', jobId);
  }

  put({ jobId, agentId, provider, token, budget, outcome }: CountedJob): void {
    const sql = 'INSERT OR REPLACE INTO offers_record VALUES (?, ?, ?, ?, ?, ?)';
    this.#run(sql, jobId, agentId, provider, token, budget.toString(), outcome);
  }

  drop(jobId: bigint): void {
    this.#run('DELETE FROM offers_record WHERE job_id = ?', jobId);
  }

  /** Jobs that may still change, from a number on. */
  open(after: bigint, most: number): bigint[] {
    return this.#store.db
      .prepare(
        `SELECT job_id FROM offers_record WHERE outcome = 'open' AND job_id > ? ORDER BY job_id LIMIT ?`,
      )
      .all(after, most)
      .map(({ job_id }) => BigInt(Number(job_id)));
  }

  /** The record of an agent with its present wallet, in one token. */
  of(agentId: bigint, provider: string, token: string): JobRecord {
    if (agentId > BigInt(Number.MAX_SAFE_INTEGER)) return recordOf([]);
    const rows = this.#store.db
      .prepare(
        `SELECT outcome, budget FROM offers_record WHERE agent_id = ? AND lower(provider) = ? AND lower(token) = ?
         AND outcome <> 'open' ORDER BY job_id DESC LIMIT ${MOST_COUNTED}`,
      )
      .all(agentId, provider.toLowerCase(), token.toLowerCase());
    return recordOf(
      rows.map(({ outcome, budget }) => ({
        outcome: String(outcome) as JobOutcome,
        budget: BigInt(String(budget)),
      })),
    );
  }

  experience(agentId: bigint): OwnExperience {
    if (agentId > BigInt(Number.MAX_SAFE_INTEGER)) return { done: 0, failed: 0 };
    const row = this.#store.db
      .prepare('SELECT done, failed FROM offers_experience WHERE agent_id = ?')
      .get(agentId);
    return { done: Number(row?.done ?? 0), failed: Number(row?.failed ?? 0) };
  }

  /** One more order that this agent has done, or has failed. */
  experienced(agentId: bigint, what: keyof OwnExperience): void {
    const [done, failed] = what === 'done' ? [1, 0] : [0, 1];
    const sql = `INSERT INTO offers_experience VALUES (?, ?, ?)
      ON CONFLICT (agent_id) DO UPDATE SET done = done + excluded.done, failed = failed + excluded.failed`;
    this.#run(sql, agentId, done, failed);
  }

  #run(sql: string, ...values: (bigint | number | string)[]): void {
    const statement = this.#store.db.prepare(sql);
    this.#store.transact(() => statement.run(...values));
  }
}
