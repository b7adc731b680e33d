import type { KnownTask } from '@chorus/protocol';
import type { Disputes } from './disputes/disputes.ts';
import { type DutyScheduler, RETRY_DUTY } from './duty-scheduler.ts';

/** Longest pause between two looks at open disputes. */
const IDLE_MILLISECONDS = 5_000;

/** Among the work next to the duties of a task. */
const KEY = 'disputes';

/** Attends to the open disputes of one task while its rounds go on, one look after the other. */
export class DisputeAttendance {
  readonly #disputes: Disputes;
  readonly #duties: Pick<DutyScheduler, 'isOpen' | 'startBackground'>;
  readonly #onFailure: (error: unknown) => void;
  #nextAt = 0;

  constructor(
    disputes: Disputes,
    duties: Pick<DutyScheduler, 'isOpen' | 'startBackground'>,
    onFailure: (error: unknown) => void,
  ) {
    this.#disputes = disputes;
    this.#duties = duties;
    this.#onFailure = onFailure;
  }

  /** Begin what open disputes require, if that is due and not under way. */
  attend(known: KnownTask): void {
    if (known.task.openCases === 0 || !this.#duties.isOpen(KEY) || Date.now() < this.#nextAt) return;
    const work = this.#disputes.attend(known).then(
      (next) => {
        const wait = next === null ? 0 : (next - Math.floor(Date.now() / 1000)) * 1000;
        this.#nextAt = Date.now() + Math.min(IDLE_MILLISECONDS, Math.max(RETRY_DUTY.first, wait));
      },
      (error: unknown) => {
        this.#nextAt = Date.now() + IDLE_MILLISECONDS;
        this.#onFailure(error);
      },
    );
    this.#duties.startBackground(KEY, work);
  }
}
