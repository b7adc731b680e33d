import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import {
  type Address,
  ChorusError,
  type Hex,
  hasCode,
  isOutcomeUnknown,
  type RoundSummary,
} from '@chorus/protocol';
import type { PrivateRun } from '@chorus/training';
import { decodeDetail, encodeDetail } from './codec.ts';
import { addDataUse, type DataUse, listDataUses } from './data-uses.ts';
import { addClaimed, addRound, listRounds, listTotals, type RoundQuery } from './history.ts';
import type { RoundRecord, TokenTotals } from './records.ts';
import { addGas, addStake, dropStake, gasOfDay, stakeOfDay } from './spending.ts';
import type { RecordedStep, StepGate, StepKey, StepName, StepState } from './steps.ts';
import { closeStore, JOURNAL_FILE, openStore, type StoreOptions, transact } from './store.ts';
import { addSummary, findSummaryOf } from './summaries.ts';
import { TransactionLog } from './transaction-log.ts';

/** Steps of rounds further back than this are deleted: nothing about them is open. */
const ROUNDS_OF_STEPS = 8;

/** After these errors a transaction may still be mined. */

/** Number of ended tasks and of publications to keep: older ones are deleted. */
const MAX_ENDED_TASKS = 500;

export type TaskJournalState = 'joining' | 'joined' | 'owned' | 'ended';

/** A task that concerns this node. */
export interface JournalTask {
  taskId: bigint;
  state: TaskJournalState;
  /** Peers that had the model when the task was found. */
  providers: string[];
}

/** A task being published, or published: the chain gives its number when the transaction is mined. */
export interface Publication {
  /** The id that the caller chose. */
  id: string;
  /** sha2-256 of the request. */
  requestDigest: Hex;
  termsDigest: Hex;
  terms: Uint8Array;
  /** The newest task before the publication: the published task has a higher number. */
  after: bigint;
  /** Null while it is not known whether the task was created. */
  taskId: bigint | null;
}

export interface JournalOptions extends StoreOptions {
  /** Only for crash tests: see {@link StepGate}. */
  stepGate?: StepGate | undefined;
}

/** The journal's view of the past: for `status`, `why` and the admin API. */
export interface JournalReader {
  /** Finished rounds, the newest first. */
  rounds(query?: RoundQuery): RoundRecord[];
  /** The summary of a settled round, for others; null if this node has not followed it. */
  summary(taskId: bigint, round: number): RoundSummary | null;
  /** Sums over all past rounds, by token. */
  totals(): TokenTotals[];
  tasks(): JournalTask[];
  /** What trainings have revealed of each data set, over all tasks. */
  dataUses(): DataUse[];
  /** Steps of a task's last rounds, oldest first: the node's current and past work. */
  steps(taskId: bigint): RecordedStep[];
}

/**
 * The record of what this node did, is about to do, and earned: one SQLite file, written before each action.
 *
 * It keeps facts, not vectors: payloads and models are files next to it (`TaskFiles`), each checked against a digest
 * recorded here and a commitment on chain, so that they outlive even the loss of this file.
 *
 * Writes are synchronous and each waits for the disk: some fifteen a round, of a few hundred bytes.
 */
export class Journal implements JournalReader {
  readonly path: string;
  /** Signed transactions; what `connectChain` takes as `transactions`. */
  readonly transactions: TransactionLog;
  readonly #dataDir: string;
  readonly #db: DatabaseSync;
  readonly #stepGate: StepGate | undefined;
  #open = true;

  private constructor(dataDir: string, db: DatabaseSync, stepGate: StepGate | undefined) {
    this.#dataDir = dataDir;
    this.path = join(dataDir, JOURNAL_FILE);
    this.#db = db;
    this.#stepGate = stepGate;
    this.transactions = new TransactionLog(db, this.path);
  }

  /** @throws ChorusError `E_STORE_*`, see {@link openStore} */
  static open(dataDir: string, options: JournalOptions = {}): Journal {
    return new Journal(dataDir, openStore(dataDir, options), options.stepGate);
  }

  /**
   * Check to whom this journal belongs; the first call records it.
   * @throws ChorusError `E_STORE_FOREIGN` if it belongs to another account, chain or contract
   */
  bind(owner: { chainId: number; contract: Address; account: Address }): void {
    const wanted = {
      chainId: String(owner.chainId),
      contract: owner.contract.toLowerCase(),
      account: owner.account.toLowerCase(),
    };
    const rows = this.#db.prepare('SELECT key, value FROM identity').all();
    const found = Object.fromEntries(rows.map((row) => [String(row.key), String(row.value)]));
    this.#transact(() => {
      for (const [key, value] of Object.entries(wanted)) {
        if (found[key] === undefined) this.#db.prepare('INSERT INTO identity VALUES (?, ?)').run(key, value);
        else if (found[key] !== value) {
          throw new ChorusError('E_STORE_FOREIGN', `the data folder belongs to another ${key}`, {
            facts: { path: this.path, found: found[key], wanted: value },
            hint: 'a data folder serves one account on one contract: use another folder for this one',
          });
        }
      }
    });
  }

  // ---- steps ----

  /** Record that a step is about to be done. */
  begin(key: StepKey, detail: RecordedStep['detail'] = {}): Promise<void> {
    return this.#record(key, 'begun', detail);
  }

  /** Record that a step is done; `detail` is added to the record of its beginning. */
  done(key: StepKey, detail: RecordedStep['detail'] = {}): Promise<void> {
    return this.#record(key, 'done', { ...this.step(key)?.detail, ...detail });
  }

  /**
   * Do something that others see, with a record before and after it. A refusal is recorded too; if the chain cannot
   * be reached, the step stays begun, because its outcome is unknown.
   *
   * @param record records the outcome; by default the transaction
   */
  async act<T>(
    key: StepKey,
    detail: RecordedStep['detail'],
    work: () => Promise<T>,
    record = (result: T) => this.done(key, transactionOf(result)),
  ): Promise<T> {
    await this.begin(key, detail);
    let result: T;
    try {
      result = await work();
    } catch (error) {
      if (error instanceof ChorusError && error.code.startsWith('E_CHAIN_')) {
        if (hasCode(error, 'E_CHAIN_ALREADY_DONE')) await this.done(key);
        else if (!isOutcomeUnknown(error)) {
          await this.#record(key, 'refused', { ...detail, code: error.code });
        }
      }
      throw error;
    }
    await record(result);
    return result;
  }

  step({ taskId, round, step }: StepKey): RecordedStep | null {
    const row = this.#db
      .prepare('SELECT * FROM steps WHERE task_id = ? AND round = ? AND step = ?')
      .get(taskId.toString(), round, step);
    return row ? toStep(row) : null;
  }

  steps(taskId: bigint): RecordedStep[] {
    return this.#db
      .prepare('SELECT * FROM steps WHERE task_id = ? ORDER BY at, round')
      .all(taskId.toString())
      .map(toStep);
  }

  /** The newest round with a done step of this kind. */
  lastDone(taskId: bigint, step: StepName): RecordedStep | null {
    const row = this.#db
      .prepare(
        "SELECT * FROM steps WHERE task_id = ? AND step = ? AND state = 'done' ORDER BY round DESC LIMIT 1",
      )
      .get(taskId.toString(), step);
    return row ? toStep(row) : null;
  }

  /** Forget a step that cannot be relied on: its file is lost or damaged. */
  forget({ taskId, round, step }: StepKey): void {
    this.#transact(() => {
      this.#db
        .prepare('DELETE FROM steps WHERE task_id = ? AND round = ? AND step = ?')
        .run(taskId.toString(), round, step);
    });
  }

  // ---- tasks ----

  setTask(taskId: bigint, state: TaskJournalState, providers?: string[]): void {
    this.#transact(() => {
      this.#db
        .prepare(
          `INSERT INTO tasks (task_id, state, providers, updated) VALUES (?, ?, ?, ?)
           ON CONFLICT (task_id) DO UPDATE SET state = excluded.state, updated = excluded.updated`,
        )
        .run(taskId.toString(), state, encodeDetail(providers ?? []), Date.now());
      if (state !== 'ended') return;
      this.#db.prepare('DELETE FROM steps WHERE task_id = ?').run(taskId.toString());
      this.#db
        .prepare(
          "DELETE FROM tasks WHERE task_id IN (SELECT task_id FROM tasks WHERE state = 'ended' ORDER BY updated DESC LIMIT -1 OFFSET ?)",
        )
        .run(MAX_ENDED_TASKS);
    });
  }

  task(taskId: bigint): JournalTask | null {
    const row = this.#db.prepare('SELECT * FROM tasks WHERE task_id = ?').get(taskId.toString());
    return row ? toTask(row) : null;
  }

  tasks(): JournalTask[] {
    return this.#db.prepare('SELECT * FROM tasks ORDER BY updated').all().map(toTask);
  }

  /** Record that the task was not joined. */
  forgetTask(taskId: bigint): void {
    this.#transact(() => {
      for (const table of ['steps', 'tasks']) {
        this.#db.prepare(`DELETE FROM ${table} WHERE task_id = ?`).run(taskId.toString());
      }
      dropStake(this.#db, taskId);
    });
  }

  // ---- spending ----

  /** Record the cost of a mined transaction of this account (smallest unit of the chain's own coin). */
  paidGas(wei: bigint): void {
    if (this.#open && wei > 0n) this.#transact(() => addGas(this.#db, wei, Date.now()));
  }

  /** Record the stake of a task before the transactions that put it at risk. */
  riskStake(taskId: bigint, token: Address, amount: bigint): void {
    this.#transact(() => addStake(this.#db, taskId, token, amount, Date.now()));
  }

  /** Gas costs of the last 24 hours. */
  gasOfDay(): bigint {
    return gasOfDay(this.#db, Date.now());
  }

  /** Stake put at risk in a token in the last 24 hours, without the task `except`. */
  stakeOfDay(token: Address, except?: bigint): bigint {
    return stakeOfDay(this.#db, token, Date.now(), except);
  }

  // ---- privacy ----

  /** Record a training whose update or reference is about to become public. */
  trainedOn(data: string, taskId: bigint, run: PrivateRun): void {
    this.#transact(() => addDataUse(this.#db, data, taskId, run));
  }

  dataUses(): DataUse[] {
    return listDataUses(this.#db);
  }

  // ---- publishing ----

  /** Record a task before the transaction that escrows its budget. */
  beginPublication({ id, requestDigest, termsDigest, terms, after }: Omit<Publication, 'taskId'>): void {
    this.#transact(() => {
      this.#db
        .prepare('INSERT INTO published VALUES (?, ?, ?, ?, ?, NULL, ?)')
        .run(id, requestDigest, termsDigest, terms, after.toString(), Date.now());
    });
  }

  /** Record the number of the task, which is followed from now on; or null, if it was never created. */
  endPublication(id: string, taskId: bigint | null): void {
    this.#transact(() => {
      if (taskId === null) this.#db.prepare('DELETE FROM published WHERE id = ?').run(id);
      else this.#db.prepare('UPDATE published SET task_id = ? WHERE id = ?').run(taskId.toString(), id);
      this.#db
        .prepare(
          'DELETE FROM published WHERE id IN (SELECT id FROM published WHERE task_id IS NOT NULL ORDER BY at DESC LIMIT -1 OFFSET ?)',
        )
        .run(MAX_ENDED_TASKS);
    });
    if (taskId !== null) this.setTask(taskId, 'owned');
  }

  /** The record under an id; null if there is no record, or it was deleted. */
  publication(id: string): Publication | null {
    const row = this.#db.prepare('SELECT * FROM published WHERE id = ?').get(id);
    return row ? toPublication(row) : null;
  }

  /** Publications of which it is not known whether the task was created. */
  openPublications(): Publication[] {
    return this.#db
      .prepare('SELECT * FROM published WHERE task_id IS NULL ORDER BY at')
      .all()
      .map(toPublication);
  }

  // ---- history ----

  /**
   * Record the end of a round: its result for this node and, if it changed the model, the new model. One
   * transaction.
   */
  async endRound(record: RoundRecord, model: RecordedStep['detail'] | null): Promise<void> {
    const { taskId, round } = record;
    const point = { taskId, round, step: 'model', state: 'done' } as const;
    if (model) await this.#stepGate?.({ ...point, when: 'before' });
    this.#transact(() => {
      addRound(this.#db, record);
      if (model) this.#write(point, 'done', model);
      this.#db
        .prepare("DELETE FROM steps WHERE task_id = ? AND round > 0 AND round <= ? AND step <> 'model'")
        .run(taskId.toString(), round - ROUNDS_OF_STEPS);
      this.#db
        .prepare(
          "DELETE FROM steps WHERE task_id = ? AND step = 'model' AND round < (SELECT MAX(round) FROM steps WHERE task_id = ? AND step = 'model') - ?",
        )
        .run(taskId.toString(), taskId.toString(), ROUNDS_OF_STEPS);
    });
    if (model) await this.#stepGate?.({ ...point, when: 'after' });
  }

  /** Record a payout: in one transaction, its step is done and its amount in the totals. */
  async claimed(key: StepKey, token: Address, amount: bigint): Promise<void> {
    if (this.step(key)?.state === 'done') return;
    await this.#stepGate?.({ ...key, state: 'done', when: 'before' });
    this.#transact(() => {
      addClaimed(this.#db, token, amount);
      this.#write(key, 'done', { amount });
    });
    await this.#stepGate?.({ ...key, state: 'done', when: 'after' });
  }

  /** Record the summary of a settled round, as this node has checked it. */
  keepSummary(taskId: bigint, round: number, summary: RoundSummary): void {
    this.#transact(() => addSummary(this.#db, taskId, round, summary));
  }

  summary(taskId: bigint, round: number): RoundSummary | null {
    return findSummaryOf(this.#db, taskId, round);
  }

  rounds(query: RoundQuery = {}): RoundRecord[] {
    return listRounds(this.#db, query);
  }

  totals(): TokenTotals[] {
    return listTotals(this.#db);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeStore(this.#db, this.#dataDir);
  }

  async #record(key: StepKey, state: StepState, detail: RecordedStep['detail']): Promise<void> {
    await this.#stepGate?.({ ...key, state, when: 'before' });
    this.#transact(() => this.#write(key, state, detail));
    await this.#stepGate?.({ ...key, state, when: 'after' });
  }

  #write({ taskId, round, step }: StepKey, state: StepState, detail: RecordedStep['detail']): void {
    this.#db
      .prepare(
        'INSERT OR REPLACE INTO steps (task_id, round, step, state, detail, at) VALUES (?, ?, ?, ?, ?, ?)',
      )
      .run(taskId.toString(), round, step, state, encodeDetail(detail), Date.now());
  }

  #transact(work: () => void): void {
    transact(this.#db, this.path, work);
  }
}

function transactionOf(result: unknown): RecordedStep['detail'] {
  if (typeof result !== 'object' || result === null || !('transaction' in result)) return {};
  return { transaction: result.transaction };
}

function toStep(row: Record<string, unknown>): RecordedStep {
  return {
    taskId: BigInt(String(row.task_id)),
    round: Number(row.round),
    step: String(row.step) as StepName,
    state: String(row.state) as StepState,
    detail: decodeDetail(String(row.detail)) as RecordedStep['detail'],
    at: Number(row.at),
  };
}

function toPublication(row: Record<string, unknown>): Publication {
  return {
    id: String(row.id),
    requestDigest: String(row.request_digest) as Hex,
    termsDigest: String(row.terms_digest) as Hex,
    terms: row.terms as Uint8Array,
    after: BigInt(String(row.after)),
    taskId: row.task_id === null ? null : BigInt(String(row.task_id)),
  };
}

function toTask(row: Record<string, unknown>): JournalTask {
  return {
    taskId: BigInt(String(row.task_id)),
    state: String(row.state) as TaskJournalState,
    providers: decodeDetail(String(row.providers)) as string[],
  };
}
