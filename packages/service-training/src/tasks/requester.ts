import type { Ports } from '@chorus/node';
import { type Address, ChorusError, type ErrorCode, type Hex, sameAddress } from '@chorus/protocol';
import { checkBatch, tryModel } from '@chorus/training';
import type { Publication } from '../journal/publications.ts';
import type { Models } from '../models/models.ts';
import type { TaskBudget } from '../policy/task-budget.ts';
import { checkAnnouncement, type PreparedTask, prepareTask, type TaskRequest } from './announce.ts';
import { checkBalance } from './check-balance.ts';
import { type PublishOptions, requestDigest, type TaskCreator } from './create-task.ts';
import type { TaskIntake } from './task-intake.ts';

export interface RequesterParts {
  ports: Ports;
  models: Models;
  budget: TaskBudget;
  creator: TaskCreator;
  intake: TaskIntake;
  signal: AbortSignal;
}

/** What a node does for a task of its own wallet: publish it, and take back what it did not pay. */
export class Requester {
  readonly #parts: RequesterParts;

  constructor(parts: RequesterParts) {
    this.#parts = parts;
  }

  /**
   * Publish a task, announce it until it has its members, follow its rounds, and join it like any other if roles, data
   * and limits of this node allow it. Resolves when the task is on chain.
   *
   * Everything is checked before the budget is escrowed: that the terms are sound, that a round of the model goes well on
   * what they describe (see `tryModel`) under the limits that others open it with, that this node can follow it and its
   * wallet can pay for it; the contract's own bounds are checked by the chain before anything is sent.
   *
   * @throws ChorusError `E_TERMS_INVALID`, `E_MODEL_*`, `E_TASK_MODEL`, `E_TASK_SCALE`, `E_DATA_SHAPE`, `E_DATA_LABEL`,
   *   `E_TASK_BUDGET`, `E_GAS_LOW`, `E_LIMIT_*`, `E_PUBLICATION_*` and the errors of the chain. Nothing is escrowed then,
   *   except perhaps after `E_CHAIN_UNREACHABLE` and `E_CHAIN_NOT_MINED`, whose outcome is unknown
   */
  async publish(request: TaskRequest, { id, onStep = () => {} }: PublishOptions = {}): Promise<bigint> {
    const { storage } = this.#parts.ports;
    const cid = await storage.cidOf(request.model);
    const asked = { id, requestDigest: requestDigest({ ...request, model: cid }) };
    // Before the wallet's balance is checked: the budget may have left it.
    const known = this.#parts.creator.known(asked);
    const there = known && (known.taskId ?? (await this.recover(known)));
    if (there !== null) return there;
    onStep('check');
    const prepared = await this.#checked(request, cid);
    onStep('escrow');
    await storage.put(request.model);
    const taskId = await this.#parts.creator.create(asked, prepared);
    await this.#parts.intake.followOwn(taskId);
    return taskId;
  }

  /** Do first what members will do with the task, by the same code and under the limits of this node. */
  async #checked(request: TaskRequest, cid: string): Promise<PreparedTask> {
    const { signal } = this.#parts;
    // The terms before the model, which is opened by what they say; its size is counted then.
    const { terms } = prepareTask(request, { cid, dimension: request.terms.dimension ?? 1 });
    checkBatch(terms);
    const trainer = await this.#parts.models.openOwn({
      model: request.model,
      terms: { ...terms, dimension: request.terms.dimension },
      memoryBytes: this.#parts.budget.memoryBytes,
      signal,
    });
    try {
      const prepared = prepareTask(request, { cid, dimension: trainer.dimension });
      checkAnnouncement(this.#parts.ports, prepared.bytes);
      await checkBalance(this.#parts.ports, this.#parts.budget, prepared);
      await tryModel(trainer, { terms: prepared.terms, signal });
      return prepared;
    } finally {
      await trainer.close();
    }
  }

  /** Find out whether a task was created whose outcome is unknown: its number, or null if it was not. */
  async recover(publication: Publication): Promise<bigint | null> {
    const taskId = await this.#parts.creator.find(publication);
    if (taskId !== null) await this.#parts.intake.followOwn(taskId);
    return taskId;
  }

  /**
   * Take back what an ended task of this account did not pay. With `cancel`, one that still looks for members is ended
   * first.
   * @throws ChorusError `E_TASK_NOT_OWNED`, `E_TASK_NOT_ENDED`, `E_CHAIN_NOTHING_TO_CLAIM`, `E_CHAIN_UNKNOWN_TASK`
   */
  async refund(
    taskId: bigint,
    { cancel = false } = {},
  ): Promise<{ token: Address; amount: bigint; transaction: Hex }> {
    const { chain } = this.#parts.ports;
    const { owner, status, token } = await chain.task(taskId);
    const refuse = (code: ErrorCode, message: string, hint: string) =>
      new ChorusError(code, message, { facts: { taskId, owner, status }, hint });
    if (!sameAddress(owner, chain.account)) {
      throw refuse(
        'E_TASK_NOT_OWNED',
        'the task belongs to another wallet',
        'what is left of it goes back to its owner',
      );
    }
    if (status === 'running') {
      throw refuse(
        'E_TASK_NOT_ENDED',
        'the task has not ended',
        'its budget is paid out by rounds until then',
      );
    }
    if (status === 'joining') {
      if (!cancel) throw refuse('E_TASK_NOT_ENDED', 'the task still looks for members', 'wait, or cancel it');
      await chain.cancel(taskId);
    }
    const { amount, transaction } = await chain.refund(taskId);
    return { token, amount, transaction };
  }
}
