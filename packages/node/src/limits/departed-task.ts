import {
  type Address,
  type ChainPort,
  describeError,
  type RoundState,
  sameAddress,
  type TaskState,
} from '@chorus/protocol';

/**
 * Whether others build on what `account` has put on chain in the round: a trainer's payload has to be provided, and a
 * validator that sealed a reference has to open it and to say what it saw, until the round is over.
 */
export function owesOthers(account: Address, task: TaskState, round: RoundState): boolean {
  if (round.phase === 'settled' || round.phase === 'void') return false;
  const trainer = task.trainers.findIndex((t) => sameAddress(t, account));
  return (trainer >= 0 && round.updates[trainer] !== null) || hasSealed(account, round);
}

/** Whether `account` is a validator whose reference counts, or can still count, in the round. */
export function hasSealed(account: Address, round: RoundState): boolean {
  const reference = round.references.find((r) => sameAddress(r.validator, account));
  return reference?.seal != null && (reference.opened !== null || round.phase !== 'settle');
}

/** Pause between two looks at a task that only its end matters of. */
const LOOK_MILLISECONDS = 30_000;

/**
 * A task this node has left: nothing is fetched or computed for it, and its end is waited for, when the stake can
 * be had back.
 */
export class DepartedTask {
  readonly taskId: bigint;
  /** The newest state seen. */
  task: TaskState;
  #wake: () => void = () => {};
  readonly #abort = new AbortController();

  constructor(task: TaskState) {
    this.taskId = task.id;
    this.task = task;
  }

  /** Something happened on chain: look again now. */
  wake(): void {
    this.#wake();
  }

  /** Stop waiting: the contributor has taken the task up again. */
  cancel(): void {
    this.#abort.abort();
    this.#wake();
  }

  /** Resolves with the task once it has ended, with null where the waiting was cancelled. */
  async ended(
    chain: Pick<ChainPort, 'task'>,
    signal: AbortSignal,
    warn: (message: string) => void,
  ): Promise<TaskState | null> {
    const either = AbortSignal.any([signal, this.#abort.signal]);
    while (!either.aborted) {
      try {
        this.task = await chain.task(this.taskId);
        if (this.task.status === 'ended') return this.task;
      } catch (error) {
        if (!either.aborted) warn(describeError(error));
      }
      await this.#pause(either);
    }
    return null;
  }

  #pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        this.#wake = () => {};
        resolve();
      };
      const timer = setTimeout(finish, LOOK_MILLISECONDS);
      signal.addEventListener('abort', finish, { once: true });
      this.#wake = finish;
      if (signal.aborted) finish();
    });
  }
}
