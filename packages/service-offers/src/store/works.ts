import type { NodeStore } from '@chorus/node';
import type { Hex } from '@chorus/protocol';

/**
 * How far the work on a job is: `accepted` until its deliverable is made, `made` until it is submitted. The last two are
 * final.
 */
export type WorkState = 'accepted' | 'made' | 'submitted' | 'given-up';

/** The work on a job that was made from an offer of this node. */
export interface Work {
  jobId: bigint;
  /** In addresses. */
  agent: string;
  agentId: bigint;
  offer: string;
  client: string;
  document: Uint8Array;
  state: WorkState;
  /** Times that the agent was set to work. */
  attempts: number;
  deliverable: Hex | null;
  /** Why it was given up, or what the last attempt failed of. */
  why: string | null;
}

/** The jobs that this node does: in its store, so that a restart goes on with them. */
export class Works {
  readonly #store: Pick<NodeStore, 'db' | 'transact'>;

  constructor(store: Pick<NodeStore, 'db' | 'transact'>) {
    this.#store = store;
  }

  /** @returns false if the job is known already: nothing is done twice */
  add({
    jobId,
    agent,
    agentId,
    offer,
    client,
    document,
  }: Omit<Work, 'state' | 'attempts' | 'deliverable' | 'why'>): boolean {
    const sql = `INSERT OR IGNORE INTO offers_works VALUES (?, ?, ?, ?, ?, ?, 'accepted', 0, NULL, NULL, ?)`;
    return this.#run(sql, jobId, agent, agentId, offer, client, document, Date.now()) > 0;
  }

  get(jobId: bigint): Work | null {
    const row = this.#store.db.prepare('SELECT * FROM offers_works WHERE job_id = ?').get(jobId);
    return row ? workOf(row) : null;
  }

  /** Those that are not final, the oldest first. */
  open(): Work[] {
    return this.#store.db
      .prepare(`SELECT * FROM offers_works WHERE state IN ('accepted', 'made') ORDER BY job_id`)
      .all()
      .map(workOf);
  }

  /** Open jobs of an offer. */
  count(agent: string, offer: string): number {
    const row = this.#store.db
      .prepare(
        `SELECT count(*) AS n FROM offers_works WHERE agent = ? AND offer = ? AND state IN ('accepted', 'made')`,
      )
      .get(agent, offer);
    return Number(row?.n);
  }

  attempt(jobId: bigint): void {
    this.#run('UPDATE offers_works SET attempts = attempts + 1 WHERE job_id = ?', jobId);
  }

  /** An attempt that did not begin, as while the agent has too much to do. */
  unattempt(jobId: bigint): void {
    this.#run('UPDATE offers_works SET attempts = attempts - 1 WHERE job_id = ?', jobId);
  }

  note(jobId: bigint, why: string): void {
    this.#run('UPDATE offers_works SET why = ? WHERE job_id = ?', why.slice(0, 1_000), jobId);
  }

  made(jobId: bigint, deliverable: Hex): void {
    this.#run(
      `UPDATE offers_works SET state = 'made', deliverable = ?, why = NULL WHERE job_id = ?`,
      deliverable,
      jobId,
    );
  }

  end(jobId: bigint, state: 'submitted' | 'given-up', why: string | null = null): void {
    this.#run(
      `UPDATE offers_works SET state = ?, why = coalesce(?, why) WHERE job_id = ?`,
      state,
      why,
      jobId,
    );
  }

  /** A job has ended: what its client gave is kept no longer. */
  forget(jobId: bigint): void {
    this.#run(`UPDATE offers_works SET document = x'' WHERE job_id = ? AND length(document) > 0`, jobId);
  }

  #run(sql: string, ...values: (bigint | number | string | Uint8Array | null)[]): number {
    const statement = this.#store.db.prepare(sql);
    let changes = 0;
    this.#store.transact(() => {
      changes = Number(statement.run(...values).changes);
    });
    return changes;
  }
}

function workOf(row: Record<string, unknown>): Work {
  return {
    jobId: BigInt(Number(row.job_id)),
    agent: String(row.agent),
    agentId: BigInt(Number(row.agent_id)),
    offer: String(row.offer),
    client: String(row.client),
    document: new Uint8Array(row.document as Uint8Array),
    state: String(row.state) as WorkState,
    attempts: Number(row.attempts),
    deliverable: row.deliverable === null ? null : (String(row.deliverable) as Hex),
    why: row.why === null ? null : String(row.why),
  };
}
