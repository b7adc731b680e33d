import type { ChainPort, Member, TaskState } from '@chorus/protocol';
import type { Attended, Disputes } from './disputes.ts';

/** Longest pause between two looks at a task that only its end and its cases matter of; the shortest after a look. */
const LOOK_MILLISECONDS = { shortest: 1_000, longest: 30_000 };

/**
 * A task this node has left: nothing is computed for it, and its end is waited for, when the stake can be had back.
 * Cases that decide over that stake are attended to meanwhile, as a member that has stayed does it.
 */
export class DepartedTask {
  readonly taskId: bigint;
  readonly disputes: Disputes;
  /** The newest state seen. */
  task: TaskState;
  /** Known once there was a case. */
  #members: Member[] | null = null;
  #wake: () => void = () => {};
  #woken = false;
  readonly #abort = new AbortController();

  constructor(task: TaskState, disputes: Disputes) {
    this.taskId = task.id;
    this.task = task;
    this.disputes = disputes;
  }

  /** Something happened on chain: look again now. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Stop waiting: the contributor has taken the task up again. */
  cancel(): void {
    this.#abort.abort();
  }

  /** Where a case is open, with whom it is settled; nothing else of the task concerns this node. */
  get attended(): Attended | null {
    const { task, disputes } = this;
    if (task.openCases === 0 || !this.#members) return null;
    return { disputes, known: { task, members: this.#members } };
  }

  /** Resolves with the task once it has ended, with null where the waiting was cancelled. */
  async ended(
    chain: Pick<ChainPort, 'task' | 'members'>,
    signal: AbortSignal,
    warn: (error: unknown) => void,
  ): Promise<TaskState | null> {
    const either = AbortSignal.any([signal, this.#abort.signal]);
    while (!either.aborted) {
      this.#woken = false;
      let wait = LOOK_MILLISECONDS.longest;
      try {
        this.task = await chain.task(this.taskId);
        if (this.task.status === 'ended') return this.task;
        wait = await this.#attend(chain);
      } catch (error) {
        if (!either.aborted) warn(error);
      }
      if (!this.#woken) await this.#pause(wait, either);
    }
    return null;
  }

  /** Do what open cases ask for; returns milliseconds until the next look. */
  async #attend(chain: Pick<ChainPort, 'members'>): Promise<number> {
    const { shortest, longest } = LOOK_MILLISECONDS;
    if (this.task.openCases === 0) return longest;
    this.#members ??= await chain.members(this.taskId);
    const next = await this.disputes.attend({ task: this.task, members: this.#members });
    return next === null ? longest : Math.min(longest, Math.max(shortest, 1000 * next - Date.now()));
  }

  #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        this.#wake = () => {};
        resolve();
      };
      const timer = setTimeout(finish, milliseconds);
      signal.addEventListener('abort', finish, { once: true });
      this.#wake = finish;
      if (signal.aborted) finish();
    });
  }
}
