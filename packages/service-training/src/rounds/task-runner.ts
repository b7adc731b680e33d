import {
  type Duty,
  dutiesOf,
  hasCode,
  hasDeparted,
  isOvertaken,
  type Member,
  type RoundContext,
  type RoundState,
  type TaskState,
} from '@chorus/protocol';
import { Wakeable } from '@chorus/utils';
import { asksNothingMore } from './asks-nothing-more.ts';
import { DisputeAttendance } from './dispute-attendance.ts';
import { Disputes } from './disputes/disputes.ts';
import { lookForPayload } from './disputes/look-for-payload.ts';
import { DutyScheduler, keyOf } from './duty-scheduler.ts';
import { dueAt, hasBegun } from './duty-timing.ts';
import type { ModelCommitmentCheck } from './model-commitment-check.ts';
import { ModelSync } from './model-sync.ts';
import { performDuty } from './perform-duty.ts';
import { prefetch, prefetchKey } from './prefetch.ts';
import type { TaskSession } from './session/task-session.ts';
import { warn } from './session/warn.ts';
import { attest } from './settle-round.ts';

const ALL_DUTIES: readonly Duty['kind'][] = [
  'train',
  'seal-reference',
  'provide-update',
  'open-reference',
  'post-verdict',
  'settle',
  'advance',
];

/** Longest pause between two reads of the chain, in case an event is missed. */
const IDLE_MILLISECONDS = 5_000;

/** Pause after a failed read of the chain. */
const LOOK_AGAIN_MILLISECONDS = 1_000;

/**
 * Runs the rounds of one task: reads the chain, derives this account's duties, and does each once. Its whole state
 * can be restored from the chain, the journal or a repetition.
 */
export class TaskRunner {
  readonly session: TaskSession;
  readonly disputes: Disputes;
  /** The newest state seen; null before the first round. */
  context: RoundContext | null = null;
  /** The newest state of the task alone: available before the first round. */
  task: TaskState | null = null;
  /** True once `run` is over. */
  ended = false;
  readonly #duties = new DutyScheduler();
  readonly #model: ModelSync;
  readonly #attendance: DisputeAttendance;
  readonly #loop = new Wakeable();
  #members: Member[] | null = null;

  constructor(session: TaskSession) {
    this.session = session;
    this.#model = new ModelSync(session);
    this.disputes = new Disputes(session, (context, trainer) => lookForPayload(session, context, trainer));
    this.#attendance = new DisputeAttendance(this.disputes, this.#duties, (error) => warn(session, error));
  }

  /** Checks that this node's model is the one on chain. */
  get history(): ModelCommitmentCheck {
    return this.#model.check;
  }

  /** As of `Attended`: the context, to those who handle disputes. */
  get known(): RoundContext | null {
    return this.context;
  }

  /** Duties in progress, such as `train:3`. */
  get active(): string[] {
    return this.#duties.active;
  }

  /** Whether this node has done its part of a duty, even if the chain still requires it. */
  hasDone(duty: Pick<Duty, 'kind' | 'round'>): boolean {
    return this.#duties.isDone(keyOf(duty));
  }

  /** Failed duties that wait for a retry. */
  get waiting(): number {
    return this.#duties.waiting;
  }

  /** The last round that is in the model. */
  get settledThrough(): number {
    return this.#model.settledThrough;
  }

  /** True once the chain lists this account as departed: it left, or was dropped for absence. */
  get departed(): boolean {
    return this.task !== null && hasDeparted(this.task, this.session.ports.chain.account);
  }

  /** Read the chain again now, because something happened on it. */
  wake(): void {
    this.#loop.wake();
  }

  /** Runs until the task has ended and the final model is computed, or the session is aborted. */
  async run(): Promise<TaskState | null> {
    try {
      await this.#model.restore();
      return await this.#rounds();
    } finally {
      await this.#duties.finished();
      this.ended = true;
    }
  }

  async #rounds(): Promise<TaskState | null> {
    const { signal } = this.session;
    while (!signal.aborted) {
      this.#loop.looking();
      let next = Date.now() + IDLE_MILLISECONDS;
      try {
        const look = await this.#look();
        if (look !== 'goes on') return look;
        next = Math.min(next, this.#act(ALL_DUTIES));
        if (this.context) this.#attendance.attend(this.context);
      } catch (error) {
        if (signal.aborted) break;
        warn(this.session, error);
        // With a wrong model, the node can only wait for the end and recover the stake.
        const diverged = hasCode(error, 'E_MODEL_DIVERGED');
        next = Date.now() + (diverged ? IDLE_MILLISECONDS : LOOK_AGAIN_MILLISECONDS);
      }
      await this.#loop.until(next, signal);
    }
    return null;
  }

  /**
   * Read the chain and update the model.
   * @returns the task if it has ended, null if it needs nothing more from this node
   */
  async #look(): Promise<TaskState | null | 'goes on'> {
    const { taskId, ports } = this.session;
    const task = await ports.chain.task(taskId);
    const [members, round] = await Promise.all([
      this.#membersOf(task),
      task.round > 0 ? ports.chain.round(taskId, task.round) : null,
    ]);
    this.task = task;
    if (task.status === 'ended') {
      await this.#model.catchUpAtEnd(task, members);
      return task;
    }
    if (round) {
      this.#duties.forgetBefore(round.round);
      this.context = { task, round, members };
      // A committed payload must be provided in any case: it needs no model, so it goes first.
      this.#act(['provide-update']);
    }
    this.#model.check.throwIfDiverged();
    if (
      this.#duties.idle &&
      asksNothingMore(this.session, task, this.context, (duty) => this.hasDone(duty))
    ) {
      return null;
    }
    await this.#model.catchUp(task, members);
    return 'goes on';
  }

  /** No member joins a running task: the members are then read once. */
  async #membersOf(task: TaskState): Promise<Member[]> {
    if (this.#members) return this.#members;
    const members = await this.session.ports.chain.members(this.session.taskId);
    if (task.status !== 'joining') this.#members = members;
    return members;
  }

  /** Start every duty of these kinds that is due; returns when (ms) the next one will be. */
  #act(kinds: readonly Duty['kind'][]): number {
    const { task, context } = this;
    const { budget, taskId, ports } = this.session;
    if (!task) return Number.POSITIVE_INFINITY;
    // Uses the state just read: the context may belong to the previous round.
    const round = context?.round.round === task.round ? context.round : null;
    if (round && context && !budget.isLeft(taskId)) this.#prefetch(context);
    let next = Number.POSITIVE_INFINITY;
    for (const duty of dutiesOf(ports.chain.account, task, round)) {
      const key = keyOf(duty);
      if (!kinds.includes(duty.kind) || !this.#duties.isOpen(key)) continue;
      if (!budget.mayBegin(taskId, duty, () => hasBegun(this.session, duty))) continue;
      const due = Math.max(dueAt(duty, ports.chain.account), this.#duties.retryAt(key));
      if (due > Date.now()) next = Math.min(next, due);
      else this.#start(duty, round);
    }
    return next;
  }

  #start(duty: Duty, round: RoundState | null): void {
    const { session } = this;
    this.#duties.start(keyOf(duty), {
      // Advancing may be due again in the same round, with a later deadline.
      once: duty.kind !== 'advance',
      work: () =>
        performDuty(session, duty, {
          context: this.context,
          round,
          settled: () => this.#duties.startBackground(`attest:${duty.round}`, attest(session, duty.round)),
        }),
      failed: async (error) => {
        if (session.signal.aborted || isOvertaken(error)) return;
        warn(session, error);
        const { fault } = session.trainer;
        if (fault) await session.abandon(fault);
      },
      over: () => this.wake(),
    });
  }

  /** Fetch what validators and candidates will sign and aggregate as soon as it is available. */
  #prefetch(context: RoundContext): void {
    const isCurrent = () => this.settledThrough === context.round.round - 1;
    const key = prefetchKey(this.session, context, isCurrent());
    if (key === null || !this.#duties.isOpen(key)) return;
    this.#duties.startBackground(key, prefetch(this.session, context, isCurrent), { once: true });
  }
}
