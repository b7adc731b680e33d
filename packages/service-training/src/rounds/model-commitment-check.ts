import { addPoints } from '@chorus/commitment';
import { ChorusError, G1_INFINITY, type G1Point, type SettledRound, sameG1 } from '@chorus/protocol';
import type { TaskSession } from './session/task-session.ts';

/**
 * Checks that the model this node computed opens the sum of the settled rounds' aggregate commitments.
 *
 * One check covers the whole history, so it runs during the next round's training: meanwhile newer rounds wait, and
 * then only the newest of them is checked.
 */
export class ModelCommitmentCheck {
  readonly #session: TaskSession;
  #total: G1Point = G1_INFINITY;
  #pending: { round: number; sum: Float64Array; total: G1Point } | null = null;
  #running: Promise<void> | null = null;
  #failure: ChorusError | null = null;

  constructor(session: TaskSession) {
    this.#session = session;
  }

  /** Sum of the aggregate commitments of the rounds in the model. */
  get total(): G1Point {
    return this.#total;
  }

  /** The session's model comes from an earlier run: check it soon, like any other. */
  restore(round: number, total: G1Point): void {
    this.#total = total;
    this.#check(round);
  }

  /** Reset: the model is the initial one again. */
  async reset(): Promise<void> {
    this.#pending = null;
    await this.#running?.catch(() => {});
    this.#failure = null;
    this.#total = G1_INFINITY;
  }

  /** A round was applied to the model: check it soon. */
  async add(settled: SettledRound): Promise<void> {
    this.#total = await addPoints([this.#total, settled.aggregate]);
    this.#check(settled.round);
  }

  /** @throws ChorusError `E_MODEL_DIVERGED` if an earlier check failed: further training would be worthless */
  throwIfDiverged(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Whether the model opens `total`, the task's C_total, once every added round is checked. */
  async opens(total: G1Point): Promise<boolean> {
    await this.#running;
    return this.#failure === null && sameG1(this.#total, total);
  }

  #check(round: number): void {
    this.#pending = { round, sum: this.#session.model.sum.slice(), total: this.#total };
    this.#running ??= this.#work().finally(() => {
      this.#running = null;
    });
    this.#running.catch(() => {});
  }

  async #work(): Promise<void> {
    for (let next = this.#pending; next; next = this.#pending) {
      this.#pending = null;
      const { round, sum, total } = next;
      if (!sameG1(await this.#session.committer.commitIntegers(sum), total)) {
        this.#failure = new ChorusError(
          'E_MODEL_DIVERGED',
          'the model does not open the commitments on chain',
          {
            facts: { taskId: this.#session.taskId, round },
            hint: 'stop training: fetch a model that opens C_total, or leave the task',
          },
        );
        return;
      }
    }
  }
}
