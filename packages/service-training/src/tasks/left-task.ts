import {
  type ChainAccount,
  hasCode,
  hasDeparted,
  isOvertaken,
  type Member,
  type TaskChain,
  type TaskState,
} from '@chorus/protocol';
import { Wakeable } from '@chorus/utils';
import type { Attended, Disputes } from '../rounds/disputes/disputes.ts';

/** Longest pause between two reads of a task of which only the end and the disputes matter; and the shortest. */
const LOOK_MILLISECONDS = { shortest: 1_000, longest: 30_000 };

/** What following a left task needs. */
export type DepartedChain = Pick<ChainAccount & TaskChain, 'account' | 'task' | 'members' | 'leaveTask'>;

/** Leave a running task on chain: this round is the last. Nothing happens if it was left already, or never joined. */
export async function leaveOnChain(chain: Pick<TaskChain, 'leaveTask'>, taskId: bigint): Promise<void> {
  await chain.leaveTask(taskId).catch((error) => {
    if (!isOvertaken(error) && !hasCode(error, 'E_CHAIN_NOT_A_MEMBER')) throw error;
  });
}

/**
 * A task this node has left or was dropped from: the node does no more work for it. It recovers the stake once the
 * chain lists it as departed, and waits until the task ends because rewards may vest until then. Meanwhile it
 * handles disputes about that stake like a member that has stayed.
 */
export class DepartedTask {
  readonly taskId: bigint;
  readonly disputes: Disputes;
  /** The newest state seen. */
  task: TaskState;
  /** Known once there was a dispute. */
  #members: Member[] | null = null;
  readonly #loop = new Wakeable();
  #left = false;
  #released = false;

  constructor(task: TaskState, disputes: Disputes) {
    this.taskId = task.id;
    this.task = task;
    this.disputes = disputes;
  }

  /** Read the chain again now, because something happened on it. */
  wake(): void {
    this.#loop.wake();
  }

  /** The members for settling an open dispute; nothing else of the task concerns this node. */
  get attended(): Attended | null {
    const { task, disputes } = this;
    if (task.openCases === 0 || !this.#members) return null;
    return { disputes, known: { task, members: this.#members } };
  }

  /**
   * Resolves with the task once it has ended, with null if `signal` is aborted.
   *
   * @param release recovers the stake; called once, when the chain lists this account as departed
   */
  async ended(
    chain: DepartedChain,
    signal: AbortSignal,
    warn: (error: unknown) => void,
    release: () => Promise<void> = async () => {},
  ): Promise<TaskState | null> {
    while (!signal.aborted) {
      this.#loop.looking();
      let wait = LOOK_MILLISECONDS.longest;
      try {
        this.task = await chain.task(this.taskId);
        if (this.task.status === 'ended') return this.task;
        await this.#withdraw(chain, release);
        wait = await this.#attend(chain);
      } catch (error) {
        if (!signal.aborted) warn(error);
      }
      await this.#loop.until(Date.now() + wait, signal);
    }
    return null;
  }

  /** Leaves a running task: announce it on chain, and recover the stake after that round. */
  async #withdraw(chain: DepartedChain, release: () => Promise<void>): Promise<void> {
    if (hasDeparted(this.task, chain.account)) {
      if (!this.#released) await release();
      this.#released = true;
    } else if (this.task.status === 'running' && !this.#left) {
      await leaveOnChain(chain, this.taskId);
      this.#left = true;
    }
  }

  /** Do what open disputes require; returns milliseconds until the next read. */
  async #attend(chain: Pick<TaskChain, 'members'>): Promise<number> {
    const { shortest, longest } = LOOK_MILLISECONDS;
    if (this.task.openCases === 0) return longest;
    this.#members ??= await chain.members(this.taskId);
    const next = await this.disputes.attend({ task: this.task, members: this.#members });
    return next === null ? longest : Math.min(longest, Math.max(shortest, 1000 * next - Date.now()));
  }
}
