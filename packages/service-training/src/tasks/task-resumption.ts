import { decimalsOf } from '@chorus/chain';
import {
  decodeTerms,
  encodeTerms,
  explain,
  hasCode,
  isRetryable,
  sameAddress,
  type TaskState,
} from '@chorus/protocol';
import { fitDataset } from '../data/fit-data.ts';
import { isModelFault } from '../models/refused-models.ts';
import { hasOpenObligations } from '../rounds/obligations.ts';
import type { TaskSession } from '../rounds/session/task-session.ts';
import type { Admission } from './admission.ts';
import type { IntakeParts } from './intake-parts.ts';
import type { FoundTask } from './known-tasks.ts';
import type { TaskOpening } from './task-opening.ts';

/** What a resumed task may turn out to be: one that is considered again, or refused. */
export interface ResumptionHandlers {
  consider(task: TaskState, found: FoundTask): Promise<void>;
  tellRefused(taskId: bigint, error: unknown): void;
}

/** Takes up the tasks of an earlier run, and this node's own, whatever state they are in. */
export class TaskResumption {
  readonly #parts: IntakeParts;
  readonly #admission: Admission;
  readonly #opening: TaskOpening;
  readonly #handlers: ResumptionHandlers;

  constructor(parts: IntakeParts, admission: Admission, opening: TaskOpening, handlers: ResumptionHandlers) {
    this.#parts = parts;
    this.#admission = admission;
    this.#opening = opening;
    this.#handlers = handlers;
  }

  /** This node's own task, which it already follows, is joined like any other. */
  async #joinOwn(task: TaskState, session: TaskSession): Promise<void> {
    const { terms } = session;
    const { ports, dataset, budget, emit, signal } = this.#parts;
    if (this.#admission.permitted(task, terms).length === 0) return;
    try {
      if (dataset) fitDataset(terms, dataset);
      const facts = await this.#admission.facts(task, terms, session);
      const roles = this.#admission.reserve(task, terms, facts);
      const found = { terms: encodeTerms(terms), peerId: ports.network.peerId };
      await this.#admission.join(task, found, roles);
      emit({ type: 'joined', taskId: task.id });
    } catch (error) {
      if (signal.aborted || hasCode(error, 'E_CHAIN_UNREACHABLE')) throw error;
      budget.resume(task, terms, [], false);
      this.#handlers.tellRefused(task.id, error);
    }
  }

  /** Resume a task of an earlier run of this node: joined, owned, or about to be joined when the run ended. */
  async resume(taskId: bigint): Promise<void> {
    const { ports, journal, files, budget, left, background, creator, completion, signal } = this.#parts;
    const known = journal.task(taskId);
    if (known?.state === 'ended') return files.remove(taskId);
    const { chain } = ports;
    const [task, members] = await Promise.all([chain.task(taskId), chain.members(taskId)]);
    const owned = sameAddress(task.owner, chain.account);
    const isMember = members.some((m) => sameAddress(m.address, chain.account));
    if (!owned && !isMember) {
      if (known?.state !== 'joining' || task.status !== 'joining') return this.#opening.forget(taskId);
      // The outcome of every sent transaction is known by now: the join was not mined.
      const terms = await this.#opening.termsOf(task, known.providers);
      return this.#handlers.consider(task, { terms, peerId: known.providers[0] ?? '' });
    }
    if (left.has(taskId) && !owned && !(await this.#owes(task))) {
      budget.resume(task, null, [], isMember);
      background.spawn(completion.awaitEnd(task));
      return;
    }
    const providers = [...members.map((m) => m.peerId), ...(known?.providers ?? [])];
    const terms = await this.#opening.termsOf(task, providers);
    budget.resume(task, decodeTerms(terms), this.#admission.rolesFor(task), isMember);
    if (owned) await creator.owns(taskId, terms);
    else journal.setTask(taskId, 'joined');
    let session: TaskSession;
    try {
      session = await this.#opening.open(task, terms, providers, { joined: isMember, anyData: !isMember });
    } catch (error) {
      if (signal.aborted || isRetryable(error)) throw error;
      if (owned) return this.#giveUp(taskId, error);
      if (!isModelFault(error)) throw error;
      await this.#opening.abandon(task, decodeTerms(terms), error);
      background.spawn(completion.awaitEnd(task));
      throw error;
    }
    this.#opening.follow(session);
    if (!isMember && task.status === 'joining') {
      background.spawn(background.retrying(() => this.#joinOwn(task, session), taskId));
    }
  }

  /**
   * Handle this node's own task that it cannot follow. If it has not begun, cancel it and recover its budget: others
   * should not join a task that its own requester cannot follow. Otherwise its members continue it.
   */
  async #giveUp(taskId: bigint, error: unknown): Promise<void> {
    const { ports, background, completion, emit } = this.#parts;
    const { chain } = ports;
    const { status, token } = await chain.task(taskId);
    if (status === 'joining') {
      await chain.cancel(taskId);
      const { amount } = await chain.refund(taskId);
      const decimals = await decimalsOf(chain, token);
      emit({ type: 'task-cancelled', taskId, refunded: amount, decimals, ...explain(error) });
    } else await background.report(Promise.reject(error), taskId);
    background.spawn(completion.awaitEnd(await chain.task(taskId)));
  }

  /** Whether others depend on a commitment of this account. */
  async #owes(task: TaskState): Promise<boolean> {
    const { chain } = this.#parts.ports;
    if (task.status !== 'running' || task.round === 0) return false;
    return hasOpenObligations(chain.account, task, await chain.round(task.id, task.round));
  }
}
