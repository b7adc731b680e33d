import { decimalsOf } from '@chorus/chain';
import { ChorusError, type Member, sameAddress, sameG1, type TaskState } from '@chorus/protocol';
import { type RoundRecord, settledRecord, voidRecord } from '../journal/records.ts';
import { ModelCommitmentCheck } from './model-commitment-check.ts';
import { restoreModel, saveModel } from './model-snapshot.ts';
import type { TaskSession } from './session/task-session.ts';
import { warn } from './session/warn.ts';
import { recompute } from './stages/recompute.ts';

/** A model is written to disk at least this often while many rounds are replayed, and after the last of them. */
const SNAPSHOT_ROUNDS = 16;

/** Keeps the session's model at the last settled round of the chain, and records what each round paid. */
export class ModelSync {
  readonly check: ModelCommitmentCheck;
  readonly #session: TaskSession;
  #settledThrough = 0;
  /** A round that is in the model but not in the journal. */
  #unrecorded: RoundRecord | null = null;
  /** Whether the model came from disk, and is not yet compared with the chain. */
  #restored = false;

  constructor(session: TaskSession) {
    this.#session = session;
    this.check = new ModelCommitmentCheck(session);
  }

  /** The last round that is in the model. */
  get settledThrough(): number {
    return this.#settledThrough;
  }

  /** Load the model of an earlier run of this node, so that its rounds need not be replayed. */
  async restore(): Promise<void> {
    const { taskId, emit } = this.#session;
    try {
      const snapshot = await restoreModel(this.#session);
      if (!snapshot) return;
      const { round, total, digest } = snapshot;
      this.check.restore(round, total);
      this.#settledThrough = round;
      this.#restored = true;
      emit({ type: 'model', taskId, round, digest });
    } catch (error) {
      // Without a model, the rounds are replayed.
      warn(this.#session, error);
    }
  }

  /** Bring the model up to the last settled round. */
  async catchUp(task: TaskState, members: Member[]): Promise<void> {
    const last = task.status === 'ended' ? task.round : task.round - 1;
    while (this.#settledThrough < last) {
      const number = this.#settledThrough + 1;
      await this.#endRound(task, members, number, number === last);
      this.#settledThrough = number;
    }
    if (!this.#restored) return;
    this.#restored = false;
    if (sameG1(this.check.total, task.totalCommitment)) return;
    // The journal belongs to another chain, or was restored from a backup: the chain is right.
    warn(
      this.#session,
      new ChorusError(
        'E_SNAPSHOT_STALE',
        'the model on disk does not match the chain: replaying its rounds',
        {
          facts: { taskId: task.id },
        },
      ),
    );
    await this.check.reset();
    this.#session.model.sum.fill(0);
    this.#settledThrough = 0;
    await this.catchUp(task, members);
  }

  /**
   * The same at the end of the task: an incomplete model must not prevent a member from collecting its reward and
   * its stake.
   */
  async catchUpAtEnd(task: TaskState, members: Member[]): Promise<void> {
    try {
      this.check.throwIfDiverged();
      await this.catchUp(task, members);
    } catch (error) {
      warn(this.#session, error);
    }
  }

  /**
   * Follow one round to its end: update the model, and record what the round paid. If recording fails, the model is
   * already updated: the next attempt only records.
   */
  async #endRound(task: TaskState, members: Member[], number: number, last: boolean): Promise<void> {
    const { journal, files, taskId } = this.#session;
    const known = this.#unrecorded?.round === number ? this.#unrecorded : null;
    const record = known ?? (await this.#apply(task, members, number));
    this.#unrecorded = record;
    const keeps = record.model !== null && (last || number % SNAPSHOT_ROUNDS === 0);
    const snapshot = keeps ? await saveModel(this.#session, number, this.check.total) : null;
    await journal.endRound(record, snapshot);
    this.#unrecorded = null;
    this.#report(record, await decimalsOf(this.#session.ports.chain, record.token));
    if (snapshot) await files.prune(taskId, number);
  }

  /** Update the model by one round. */
  async #apply(task: TaskState, members: Member[], number: number): Promise<RoundRecord> {
    const { taskId, files, ports } = this.#session;
    const { chain } = ports;
    const settled = await chain.settledRound(taskId, number);
    if (!settled) return voidRecord(chain.account, task, number);
    const round = await chain.round(taskId, number);
    const digest = await recompute(this.#session, { task, round, members }, settled);
    await this.check.add(settled);
    // The evidence that a payload was available is kept until the task is over.
    const accused = settled.unavailable.some((i) => sameAddress(task.trainers[i]!, chain.account));
    if (accused) await files.keepPayload(taskId, number, 'update');
    return settledRecord(chain.account, task, round, settled, digest);
  }

  #report(record: RoundRecord, decimals: number | null): void {
    const { taskId, round, outcome, token, trainer, weight, share, reward, fee, reason } = record;
    const shared = trainer === null || outcome === 'void' ? { weight: null, share: null } : { weight, share };
    this.#session.emit({
      type: 'round-ended',
      taskId,
      round,
      outcome,
      token,
      decimals,
      ...shared,
      reward,
      fee,
      reason,
    });
  }
}
