import { decodeDetail, encodeDetail, type NodeStore } from '@chorus/node';
import { ChorusError, hasCode, isOutcomeUnknown } from '@chorus/protocol';
import type { RecordedStep, StepGate, StepKey, StepName, StepState } from './steps.ts';

/** The steps of rounds, each recorded before it begins and again when it is done. */
export class StepLog {
  readonly store: NodeStore;
  protected readonly gate: StepGate | undefined;

  constructor(store: NodeStore, gate: StepGate | undefined) {
    this.store = store;
    this.gate = gate;
  }

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
    const row = this.store.db
      .prepare('SELECT * FROM steps WHERE task_id = ? AND round = ? AND step = ?')
      .get(taskId.toString(), round, step);
    return row ? toStep(row) : null;
  }

  steps(taskId: bigint): RecordedStep[] {
    return this.store.db
      .prepare('SELECT * FROM steps WHERE task_id = ? ORDER BY at, round')
      .all(taskId.toString())
      .map(toStep);
  }

  /** The newest round with a done step of this kind. */
  lastDone(taskId: bigint, step: StepName): RecordedStep | null {
    const row = this.store.db
      .prepare(
        "SELECT * FROM steps WHERE task_id = ? AND step = ? AND state = 'done' ORDER BY round DESC LIMIT 1",
      )
      .get(taskId.toString(), step);
    return row ? toStep(row) : null;
  }

  /** Forget a step that cannot be relied on: its file is lost or damaged. */
  forget({ taskId, round, step }: StepKey): void {
    this.store.transact(() => {
      this.store.db
        .prepare('DELETE FROM steps WHERE task_id = ? AND round = ? AND step = ?')
        .run(taskId.toString(), round, step);
    });
  }

  async #record(key: StepKey, state: StepState, detail: RecordedStep['detail']): Promise<void> {
    await this.gate?.({ ...key, state, when: 'before' });
    this.store.transact(() => this.writeStep(key, state, detail));
    await this.gate?.({ ...key, state, when: 'after' });
  }

  protected writeStep(
    { taskId, round, step }: StepKey,
    state: StepState,
    detail: RecordedStep['detail'],
  ): void {
    this.store.db
      .prepare(
        'INSERT OR REPLACE INTO steps (task_id, round, step, state, detail, at) VALUES (?, ?, ?, ?, ?, ?)',
      )
      .run(taskId.toString(), round, step, state, encodeDetail(detail), Date.now());
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
