import {
  type Announcement,
  ChorusError,
  decodeTerms,
  explain,
  hasCode,
  type TaskState,
} from '@chorus/protocol';
import { Admission } from './admission.ts';
import type { IntakeParts } from './intake-parts.ts';
import { type FoundTask, KnownTasks } from './known-tasks.ts';
import { lateTasks } from './late-tasks.ts';
import { TaskOpening } from './task-opening.ts';
import { TaskResumption } from './task-resumption.ts';

/** Number of peers asked for the terms and the model of a task that is joined only by its number. */
const MAX_ASKED = 16;

/** The result of joining a task by hand. */
export type JoinOutcome = { outcome: 'joined' | 'followed' } | { outcome: 'refused'; error: ChorusError };

/** Starts to follow tasks: announced, requested by hand, published, or resumed from an earlier run. */
export class TaskIntake {
  readonly #parts: IntakeParts;
  readonly #admission: Admission;
  readonly #opening: TaskOpening;
  readonly #resumption: TaskResumption;
  readonly #known = new KnownTasks();
  /** Work to start following a task: one at a time for each task. */
  readonly #under = new Map<bigint, Promise<void>>();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#admission = new Admission(parts);
    this.#opening = new TaskOpening(parts);
    this.#resumption = new TaskResumption(parts, this.#admission, this.#opening, {
      consider: (task, found) => this.#consider(task, found),
      tellRefused: (taskId, error) => this.#tellRefused(taskId, error),
    });
  }

  /** Whether the task is already handled, so that further announcements are ignored. */
  isKnown(taskId: bigint): boolean {
    const { runners, left } = this.#parts;
    if (runners.has(taskId) || this.#under.has(taskId)) return true;
    return left.has(taskId) || this.#known.isRefused(taskId);
  }

  /** Handle a true announcement: the task is on chain as announced. */
  announced(task: TaskState, announcement: Announcement): void {
    this.#known.remember(task.id, announcement);
    // Another announcement of the task may have arrived while the chain was read.
    if (!this.isKnown(task.id)) this.#begin(task.id, this.#consider(task, announcement));
  }

  /** The terms of a task as they were last announced. */
  announcedTerms(taskId: bigint): Uint8Array | null {
    return this.#known.get(taskId)?.terms ?? null;
  }

  /** Report the running tasks that this node came too late for: they are no longer announced. */
  async tellLate(): Promise<void> {
    const { ports, config, runners } = this.#parts;
    if (config.roles.length === 0) return;
    for (const task of await lateTasks(ports.chain)) {
      if (runners.has(task.id) || this.isKnown(task.id)) continue;
      const late = new ChorusError('E_TASK_NOT_OPEN', 'the task began before this node could join', {
        facts: { round: task.round, rounds: task.rounds },
        hint: 'nothing to do: a running task accepts no more members; the node joins the next one',
      });
      this.#tellRefused(task.id, late);
    }
  }

  /** A task of an earlier run of this node, or one that it had left. */
  takeUp(taskId: bigint): void {
    const { background } = this.#parts;
    this.#begin(
      taskId,
      background.retrying(() => this.#resumption.resume(taskId), taskId),
    );
  }

  /** Start following the task, as after a restart. Failures are reported; the task stays followed. */
  async followOwn(taskId: bigint): Promise<void> {
    if (!this.#parts.runners.has(taskId) && !this.#under.has(taskId)) this.takeUp(taskId);
    await this.settled(taskId);
  }

  /** Resolves when no work is in progress for the task, or for any task. */
  async settled(taskId?: bigint): Promise<void> {
    if (taskId === undefined) await Promise.allSettled(this.#under.values());
    else await this.#under.get(taskId);
  }

  /**
   * Join a task by hand, within the limits. A task that the user had left is resumed, unless the node has already
   * left it on chain, which is final.
   * @throws ChorusError `E_CHAIN_UNKNOWN_TASK`, `E_TASK_NOT_OPEN`, `E_TASK_LEFT`
   */
  async join(taskId: bigint): Promise<JoinOutcome> {
    const { ports, left, runners, completion } = this.#parts;
    const { chain, network } = ports;
    await this.settled(taskId);
    if (completion.departed.has(taskId)) {
      throw new ChorusError('E_TASK_LEFT', 'this node has left the task, and a task accepts no one back', {
        facts: { taskId },
        hint: 'its stake is released, and its rewards are claimed when the task ends',
      });
    }
    await left.delete(taskId);
    if (runners.has(taskId)) return { outcome: 'followed' };
    const task = await chain.task(taskId);
    if (task.status !== 'joining') {
      throw new ChorusError('E_TASK_NOT_OPEN', 'the task accepts no more members', {
        facts: { taskId, status: task.status },
      });
    }
    let refused: unknown = null;
    const known = this.#known.get(taskId);
    const joining = (async () => {
      try {
        const terms =
          known?.terms ?? (await this.#opening.termsOf(task, network.peers().slice(0, MAX_ASKED)));
        const providers = known ? [known.peerId] : network.peers().slice(0, MAX_ASKED);
        await this.#parts.models.forgive(decodeTerms(terms));
        await this.#take(task, { terms, peerId: providers[0] ?? '' }, providers);
      } catch (error) {
        refused = error;
        if (!hasCode(error, 'E_CHAIN_UNREACHABLE')) await this.#opening.forget(taskId);
      }
    })();
    this.#begin(taskId, joining);
    await joining;
    if (refused === null) return { outcome: 'joined' };
    if (refused instanceof ChorusError) return { outcome: 'refused', error: refused };
    throw refused;
  }

  #begin(taskId: bigint, work: Promise<void>): void {
    const tracked = this.#parts.background.report(work, taskId).finally(() => this.#under.delete(taskId));
    this.#under.set(taskId, tracked);
  }

  async #consider(task: TaskState, announcement: FoundTask): Promise<void> {
    try {
      if (this.#admission.rolesFor(task).length === 0 || task.status !== 'joining') return;
      await this.#take(task, announcement, [announcement.peerId]);
    } catch (error) {
      if (this.#parts.signal.aborted) return;
      this.#known.refuse(task.id);
      this.#tellRefused(task.id, error);
    }
  }

  #tellRefused(taskId: bigint, error: unknown): void {
    this.#parts.emit({ type: 'task-refused', taskId, ...explain(error) });
  }

  /**
   * Join a task that fits the limits, and follow it.
   * @throws ChorusError `E_LIMIT_*`, `E_TASK_*` and the errors of the parts; nothing is staked then
   */
  async #take(task: TaskState, found: FoundTask, providers: string[]): Promise<void> {
    const { budget, emit } = this.#parts;
    const terms = decodeTerms(found.terms);
    this.#admission.reserve(task, terms, await this.#admission.facts(task, terms));
    try {
      const session = await this.#opening.open(task, found.terms, providers, { joined: false });
      try {
        // Checked again, now with the measured duration of a step.
        const facts = await this.#admission.facts(task, terms, session);
        const roles = this.#admission.reserve(task, terms, facts);
        await this.#admission.join(task, found, roles);
      } catch (error) {
        await session.trainer.close();
        throw error;
      }
      emit({ type: 'joined', taskId: task.id });
      this.#opening.follow(session);
    } catch (error) {
      // A join without a receipt may still be mined: without the files the node would forget its stake.
      if (!hasCode(error, 'E_CHAIN_UNREACHABLE')) {
        budget.release(task.id);
        await this.#opening.forget(task.id);
      }
      throw error;
    }
  }
}
