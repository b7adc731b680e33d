import { decodeDetail, encodeDetail, NodeStore, type StoreOptions } from '@chorus/node';
import type { Address, RoundSummary } from '@chorus/protocol';
import type { PrivateRun } from '@chorus/training';
import { addDataUse, type DataUse, listDataUses } from './data-uses.ts';
import { addClaimed, addRound, listRounds, listTotals, type RoundQuery } from './history.ts';
import { Publications } from './publications.ts';
import type { RoundRecord, TokenTotals } from './records.ts';
import { TRAINING_MIGRATIONS } from './schema.ts';
import { StepLog } from './step-log.ts';
import type { RecordedStep, StepGate, StepKey } from './steps.ts';
import { addSummary, findSummaryOf } from './summaries.ts';

/** Steps of rounds further back than this are deleted: nothing about them is open. */
const ROUNDS_OF_STEPS = 8;

/** Number of ended tasks to keep: older ones are deleted. */
const MAX_ENDED_TASKS = 500;

export type TaskJournalState = 'joining' | 'joined' | 'owned' | 'ended';

/** A task that concerns this node. */
export interface JournalTask {
  taskId: bigint;
  state: TaskJournalState;
  /** Peers that had the model when the task was found. */
  providers: string[];
}

export interface JournalOptions {
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
export class Journal extends StepLog implements JournalReader {
  /** Tasks that this node publishes, and published. */
  readonly publications: Publications;

  /** @param store brought up to date with {@link TRAINING_MIGRATIONS} */
  constructor(store: NodeStore, { stepGate }: JournalOptions = {}) {
    super(store, stepGate);
    this.publications = new Publications(store);
  }

  /**
   * The journal of a data folder, with a store of its own.
   * @throws ChorusError `E_STORE_*`, see `openStore`
   */
  static open(dataDir: string, { stepGate, ...options }: JournalOptions & StoreOptions = {}): Journal {
    const store = NodeStore.open(dataDir, options);
    try {
      store.migrate('training', TRAINING_MIGRATIONS);
    } catch (error) {
      store.close();
      throw error;
    }
    return new Journal(store, { stepGate });
  }

  close(): void {
    this.store.close();
  }

  // ---- tasks ----

  setTask(taskId: bigint, state: TaskJournalState, providers?: string[]): void {
    this.store.transact(() => {
      this.store.db
        .prepare(
          `INSERT INTO tasks (task_id, state, providers, updated) VALUES (?, ?, ?, ?)
           ON CONFLICT (task_id) DO UPDATE SET state = excluded.state, updated = excluded.updated`,
        )
        .run(taskId.toString(), state, encodeDetail(providers ?? []), Date.now());
      if (state !== 'ended') return;
      this.store.db.prepare('DELETE FROM steps WHERE task_id = ?').run(taskId.toString());
      this.store.db
        .prepare(
          "DELETE FROM tasks WHERE task_id IN (SELECT task_id FROM tasks WHERE state = 'ended' ORDER BY updated DESC LIMIT -1 OFFSET ?)",
        )
        .run(MAX_ENDED_TASKS);
    });
  }

  task(taskId: bigint): JournalTask | null {
    const row = this.store.db.prepare('SELECT * FROM tasks WHERE task_id = ?').get(taskId.toString());
    return row ? toTask(row) : null;
  }

  tasks(): JournalTask[] {
    return this.store.db.prepare('SELECT * FROM tasks ORDER BY updated').all().map(toTask);
  }

  /** Record that the task was not joined. */
  forgetTask(taskId: bigint): void {
    this.store.transact(() => {
      for (const table of ['steps', 'tasks']) {
        this.store.db.prepare(`DELETE FROM ${table} WHERE task_id = ?`).run(taskId.toString());
      }
      this.store.spending.drop('stake', taskId.toString());
    });
  }

  // ---- spending ----

  /** Record the stake of a task before the transactions that put it at risk. */
  riskStake(taskId: bigint, token: Address, amount: bigint): void {
    this.store.spending.add({ kind: 'stake', ref: taskId.toString(), token, amount });
  }

  /** Stake put at risk in a token in the last 24 hours, even if it is free again; without the task `except`. */
  stakeOfDay(token: Address, except?: bigint): bigint {
    return this.store.spending.ofDay('stake', token, except?.toString());
  }

  /** Gas costs of the last 24 hours. */
  gasOfDay(): bigint {
    return this.store.spending.gasOfDay();
  }

  // ---- privacy ----

  /** Record a training whose update or reference is about to become public. */
  trainedOn(data: string, taskId: bigint, run: PrivateRun): void {
    this.store.transact(() => addDataUse(this.store.db, data, taskId, run));
  }

  dataUses(): DataUse[] {
    return listDataUses(this.store.db);
  }

  // ---- history ----

  /**
   * Record the end of a round: its result for this node and, if it changed the model, the new model. One
   * transaction.
   */
  async endRound(record: RoundRecord, model: RecordedStep['detail'] | null): Promise<void> {
    const { taskId, round } = record;
    const point = { taskId, round, step: 'model', state: 'done' } as const;
    if (model) await this.gate?.({ ...point, when: 'before' });
    this.store.transact(() => {
      addRound(this.store.db, record);
      if (model) this.writeStep(point, 'done', model);
      this.store.db
        .prepare("DELETE FROM steps WHERE task_id = ? AND round > 0 AND round <= ? AND step <> 'model'")
        .run(taskId.toString(), round - ROUNDS_OF_STEPS);
      this.store.db
        .prepare(
          "DELETE FROM steps WHERE task_id = ? AND step = 'model' AND round < (SELECT MAX(round) FROM steps WHERE task_id = ? AND step = 'model') - ?",
        )
        .run(taskId.toString(), taskId.toString(), ROUNDS_OF_STEPS);
    });
    if (model) await this.gate?.({ ...point, when: 'after' });
  }

  /** Record a payout: in one transaction, its step is done and its amount in the totals. */
  async claimed(key: StepKey, token: Address, amount: bigint): Promise<void> {
    if (this.step(key)?.state === 'done') return;
    await this.gate?.({ ...key, state: 'done', when: 'before' });
    this.store.transact(() => {
      addClaimed(this.store.db, token, amount);
      this.writeStep(key, 'done', { amount });
    });
    await this.gate?.({ ...key, state: 'done', when: 'after' });
  }

  /** Record the summary of a settled round, as this node has checked it. */
  keepSummary(taskId: bigint, round: number, summary: RoundSummary): void {
    this.store.transact(() => addSummary(this.store.db, taskId, round, summary));
  }

  summary(taskId: bigint, round: number): RoundSummary | null {
    return findSummaryOf(this.store.db, taskId, round);
  }

  rounds(query: RoundQuery = {}): RoundRecord[] {
    return listRounds(this.store.db, query);
  }

  totals(): TokenTotals[] {
    return listTotals(this.store.db);
  }
}

function toTask(row: Record<string, unknown>): JournalTask {
  return {
    taskId: BigInt(String(row.task_id)),
    state: String(row.state) as TaskJournalState,
    providers: decodeDetail(String(row.providers)) as string[],
  };
}
