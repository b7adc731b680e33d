import type { NodeStore } from '@chorus/node';
import { type Hex, JOB_VOTES, type JobVote } from '@chorus/protocol';

/** Tables of the service; a released one is never edited. */
export const MARKET_MIGRATIONS: readonly string[] = [
  `CREATE TABLE market_jobs (job_id INTEGER PRIMARY KEY, ended INTEGER NOT NULL, mine INTEGER NOT NULL, available INTEGER) STRICT;
   CREATE TABLE market_cursor (one INTEGER PRIMARY KEY CHECK (one = 1), job_id INTEGER NOT NULL) STRICT;
   CREATE TABLE market_votes (
     job_id INTEGER NOT NULL, agent_id TEXT NOT NULL, vote TEXT NOT NULL, salt TEXT NOT NULL,
     PRIMARY KEY (job_id, agent_id)
   ) STRICT;
   CREATE TABLE market_files (cid TEXT PRIMARY KEY) STRICT`,
];

/** A vote that was committed to, or is about to be. */
export interface KeptVote {
  vote: JobVote;
  salt: Hex;
}

/** What the node keeps of jobs: which concern it, the votes that it has to reveal, the files that it serves. */
export class MarketRecords {
  readonly #store: Pick<NodeStore, 'db' | 'transact'>;

  constructor(store: Pick<NodeStore, 'db' | 'transact'>) {
    this.#store = store;
  }

  /** Number of the last job that was checked. */
  get cursor(): bigint {
    return BigInt(Number(this.#store.db.prepare('SELECT job_id FROM market_cursor').get()?.job_id ?? 0));
  }

  set cursor(jobId: bigint) {
    this.#run('INSERT OR REPLACE INTO market_cursor VALUES (1, ?)', jobId);
  }

  /** @param mine whether the owner has acted on it, or its seat was drawn: what strangers name this node in is not */
  track(jobId: bigint, mine: boolean): void {
    const sql =
      'INSERT INTO market_jobs VALUES (?, 0, ?, NULL) ON CONFLICT (job_id) DO UPDATE SET mine = max(mine, excluded.mine)';
    this.#run(sql, jobId, mine ? 1 : 0);
  }

  /** Those of the owner stay, for the list. */
  end(jobId: bigint): void {
    this.#run('UPDATE market_jobs SET ended = 1 WHERE job_id = ?', jobId);
    this.#run('DELETE FROM market_jobs WHERE job_id = ? AND mine = 0', jobId);
  }

  /** The owner's jobs, the newest first. */
  mine({ ended, most }: { ended: boolean; most: number }): bigint[] {
    return this.#ids(`mine = 1 ${ended ? '' : 'AND ended = 0'} ORDER BY job_id DESC LIMIT ?`, most);
  }

  /** Other open jobs, from a number on: strangers can make any number of them. */
  others(after: bigint, most: number): bigint[] {
    return this.#ids('mine = 0 AND ended = 0 AND job_id > ? ORDER BY job_id LIMIT ?', after, most);
  }

  /** The owner's jobs, the open ones first, then the newest of others: up to `most` of each, so that neither hide the rest. */
  listed(most: number): bigint[] {
    return [
      ...this.#ids('mine = 1 ORDER BY ended, job_id DESC LIMIT ?', most),
      ...this.#ids('mine = 0 ORDER BY job_id DESC LIMIT ?', most),
    ];
  }

  /** Whether the deliverable could be fetched when the dispute was first seen; null if that was not tried. */
  available(jobId: bigint): boolean | null {
    const row = this.#store.db.prepare('SELECT available FROM market_jobs WHERE job_id = ?').get(jobId);
    return row?.available == null ? null : Number(row.available) === 1;
  }

  setAvailable(jobId: bigint, available: boolean): void {
    this.#run('UPDATE market_jobs SET available = ? WHERE job_id = ?', available ? 1 : 0, jobId);
  }

  /** @returns what is kept: the first salt stays, since a vote that was sent with it may still be mined */
  keepVote(jobId: bigint, agentId: bigint, { vote, salt }: KeptVote): KeptVote {
    const sql =
      'INSERT INTO market_votes VALUES (?, ?, ?, ?) ON CONFLICT (job_id, agent_id) DO UPDATE SET vote = excluded.vote';
    this.#run(sql, jobId, `${agentId}`, vote, salt);
    return this.vote(jobId, agentId)!;
  }

  vote(jobId: bigint, agentId: bigint): KeptVote | null {
    const row = this.#store.db
      .prepare('SELECT vote, salt FROM market_votes WHERE job_id = ? AND agent_id = ?')
      .get(jobId, `${agentId}`);
    const vote = JOB_VOTES.find((each) => each === row?.vote);
    return row && vote ? { vote, salt: String(row.salt) as Hex } : null;
  }

  keepFile(cid: string): void {
    this.#run('INSERT OR IGNORE INTO market_files VALUES (?)', cid);
  }

  files(): string[] {
    return this.#store.db
      .prepare('SELECT cid FROM market_files')
      .all()
      .map(({ cid }) => String(cid));
  }

  #ids(where: string, ...values: (bigint | number)[]): bigint[] {
    return this.#store.db
      .prepare(`SELECT job_id FROM market_jobs WHERE ${where}`)
      .all(...values)
      .map(({ job_id }) => BigInt(Number(job_id)));
  }

  #run(sql: string, ...values: (bigint | number | string)[]): void {
    const statement = this.#store.db.prepare(sql);
    this.#store.transact(() => statement.run(...values));
  }
}
