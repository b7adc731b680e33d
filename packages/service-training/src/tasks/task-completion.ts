import { decimalsOf } from '@chorus/chain';
import type { Ports } from '@chorus/node';
import { decodeTerms, sameAddress, type TaskState } from '@chorus/protocol';
import { encodeGlobalModel } from '@chorus/training';
import type { EventSink } from '../events/training-events.ts';
import type { Journal } from '../journal/journal.ts';
import { type PayloadReader, payloadForm } from '../payloads/sealing/payload-form.ts';
import type { TaskFiles } from '../payloads/task-files.ts';
import { VectorCache } from '../payloads/vector-cache.ts';
import type { TaskBudget } from '../policy/task-budget.ts';
import type { Proving } from '../proving/proving.ts';
import { Disputes } from '../rounds/disputes/disputes.ts';
import { lookForPayload, type PayloadSource } from '../rounds/disputes/look-for-payload.ts';
import type { TaskSession } from '../rounds/session/task-session.ts';
import type { TaskRunner } from '../rounds/task-runner.ts';
import type { Background } from '../utils/background.ts';
import { Payout } from './claims.ts';
import { DepartedTask } from './left-task.ts';

/** Number of own ended tasks whose model can still be evaluated. Each has a thread with its model. */
const KEPT_TASKS = 4;

export interface EndingsParts {
  ports: Ports;
  journal: Journal;
  files: TaskFiles;
  budget: TaskBudget;
  proving: Proving;
  reader: PayloadReader;
  background: Background;
  /** The followed tasks. */
  runners: Map<bigint, TaskRunner>;
  emit: EventSink;
  signal: AbortSignal;
}

/**
 * Handles the end of tasks for this node: by themselves or because it has left them. It collects what the node
 * earned, recovers its stake, and keeps only the models of its own last tasks.
 */
export class TaskCompletion {
  readonly payout: Payout;
  readonly #parts: EndingsParts;
  /** Tasks left before their end, by id. */
  readonly #departed = new Map<bigint, DepartedTask>();
  /** Own tasks that have ended, the newest last. */
  readonly #kept: TaskSession[] = [];

  constructor(parts: EndingsParts) {
    this.#parts = parts;
    this.payout = new Payout(parts);
  }

  /** Left tasks that have not ended. */
  get departed(): ReadonlyMap<bigint, DepartedTask> {
    return this.#departed;
  }

  /** Handle a stopped runner: with the ended task, or with null if the task was left or the node closes. */
  async over(runner: TaskRunner, ended: TaskState | null): Promise<void> {
    const { background, budget, signal } = this.#parts;
    if (ended) await background.retrying(() => this.#finish(runner, ended));
    else if ((budget.isLeft(runner.session.taskId) || runner.departed) && !signal.aborted) {
      await this.#depart(runner);
    }
  }

  /**
   * Recover stake and reward of a left task: the stake once the chain lists this account as departed, the reward
   * once the task has ended. Until then, defend that stake.
   */
  async awaitEnd(task: TaskState): Promise<void> {
    const { ports, background, budget, emit, signal } = this.#parts;
    const departed = new DepartedTask(task, this.#disputesOf(task));
    this.#departed.set(task.id, departed);
    const warn = (error: unknown): void => void background.report(Promise.reject(error));
    const ended = await departed.ended(ports.chain, signal, warn, async () => {
      await this.payout.releaseStake(task.id, departed.disputes);
      budget.release(task.id);
    });
    if (!ended) return;
    await background.retrying(async () => {
      const claimed = await this.#claim(ended);
      await this.payout.releaseStake(ended.id, departed.disputes);
      await this.#close(ended.id);
      this.#departed.delete(ended.id);
      emit({
        type: 'task-ended',
        taskId: ended.id,
        claimed,
        decimals: await decimalsOf(ports.chain, ended.token),
        opensCommitment: false,
        modelCid: null,
        left: true,
      });
    });
  }

  /** Collect what is owed, check the final model, and report both. */
  async #finish({ session, history, disputes }: TaskRunner, task: TaskState): Promise<void> {
    const { ports, runners, emit, signal } = this.#parts;
    const { chain, storage } = ports;
    const { taskId } = session;
    const opensCommitment = await history.opens((await chain.task(taskId)).totalCommitment);
    // A node that ends may not have recomputed the last rounds: nothing is wrong, and the next start does.
    if (!opensCommitment && signal.aborted) return;
    const claimed = await this.#claim(task);
    // Other nodes may recompute the model, or get it from here and check it against the chain.
    const publishes = opensCommitment && sameAddress(task.owner, chain.account);
    const modelCid = publishes ? await storage.put(encodeGlobalModel(session.model)) : null;
    const decimals = await decimalsOf(chain, task.token);
    emit({ type: 'task-ended', taskId, claimed, decimals, opensCommitment, modelCid });
    await this.payout.releaseStake(taskId, disputes);
    if (signal.aborted) return;
    await this.#close(taskId);
    // The requester may still want to evaluate its model; for other members the task is over.
    const over = sameAddress(task.owner, chain.account) ? this.#keep(session) : session;
    if (!over) return;
    runners.delete(over.taskId);
    await over.trainer.close();
  }

  async #claim({ id, token }: TaskState): Promise<bigint> {
    return (await this.payout.claim(token, [id]))?.amount ?? 0n;
  }

  /** Keep the model of an own ended task; returns the one that it replaces. */
  #keep(session: TaskSession): TaskSession | undefined {
    this.#kept.push(session);
    return this.#kept.length > KEPT_TASKS ? this.#kept.shift() : undefined;
  }

  /** The work for a left task is over; now wait for the chain. */
  async #depart({ session, task }: TaskRunner): Promise<void> {
    const { ports, runners, budget } = this.#parts;
    const { taskId } = session;
    runners.delete(taskId);
    await session.trainer.close();
    budget.idle(taskId);
    await this.awaitEnd(task ?? (await ports.chain.task(taskId)));
  }

  /** Disputes of a task without a session: the parts for finding payloads are created when a dispute needs them. */
  #disputesOf(task: TaskState): Disputes {
    const { ports, files, proving, reader, signal } = this.#parts;
    const { id: taskId, dimension } = task;
    const committer: Pick<TaskSession['committer'], 'commit'> = {
      commit: async (vector) => (await proving.committer(dimension)).commit(vector),
    };
    const payloads = new VectorCache();
    let source: PayloadSource | null = null;
    return new Disputes({ taskId, ports, files, signal }, async (context, trainer) => {
      if (source === null) {
        const terms = await files.readTerms(taskId);
        if (!terms) return 'the terms of the task are no longer stored here';
        const form = payloadForm(decodeTerms(terms), reader);
        source ??= { taskId, ports, signal, committer, form, payloads };
      }
      return lookForPayload(source, context, trainer);
    });
  }

  /** Record that nothing more is to be done for a task. */
  async #close(taskId: bigint): Promise<void> {
    const { journal, files, budget } = this.#parts;
    journal.setTask(taskId, 'ended');
    await files.remove(taskId);
    budget.release(taskId);
  }
}
