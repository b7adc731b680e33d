import { decimalsOf } from '@chorus/chain';
import {
  type Announcement,
  ChorusError,
  cidFromDigest,
  decodeTerms,
  encodeTerms,
  explain,
  hasCode,
  isRetryable,
  MAX_TERMS_BYTES,
  sameAddress,
  sha256Hex,
  type TaskState,
} from '@chorus/protocol';
import type { Dataset } from '@chorus/training';
import type { TrainingSettings } from '../config/settings.ts';
import { fitDataset, fitsData } from '../data/fit-data.ts';
import type { EventSink } from '../events/training-events.ts';
import type { Models } from '../models/models.ts';
import { isModelFault } from '../models/refused-models.ts';
import type { PayloadReader } from '../payloads/sealing/payload-form.ts';
import type { LeftTasks } from '../policy/left-tasks.ts';
import type { Proving } from '../proving/proving.ts';
import { hasOpenObligations } from '../rounds/obligations.ts';
import { openSession, type TaskSession } from '../rounds/session/task-session.ts';
import { TaskRunner } from '../rounds/task-runner.ts';
import { RETRY_MILLISECONDS } from '../utils/background.ts';
import { Admission, type AdmissionParts } from './admission.ts';
import type { TaskCreator } from './create-task.ts';
import { type FoundTask, KnownTasks } from './known-tasks.ts';
import { lateTasks } from './late-tasks.ts';
import { tellPresence } from './messages/presence.ts';
import type { TaskCompletion } from './task-completion.ts';

/** Number of peers asked for the terms and the model of a task that is joined only by its number. */
const MAX_ASKED = 16;

/** The result of joining a task by hand. */
export type JoinOutcome = { outcome: 'joined' | 'followed' } | { outcome: 'refused'; error: ChorusError };

export interface BeginningsParts extends AdmissionParts {
  config: TrainingSettings;
  dataset: Dataset | null;
  dataName: string;
  left: LeftTasks;
  proving: Proving;
  reader: PayloadReader;
  models: Models;
  /** The followed tasks; new ones are added. */
  runners: Map<bigint, TaskRunner>;
  creator: TaskCreator;
  completion: TaskCompletion;
  emit: EventSink;
  signal: AbortSignal;
}

/** Starts to follow tasks: announced, requested by hand, published, or resumed from an earlier run. */
export class TaskIntake {
  readonly #parts: BeginningsParts;
  readonly #admission: Admission;
  readonly #known = new KnownTasks();
  /** Work to start following a task: one at a time for each task. */
  readonly #under = new Map<bigint, Promise<void>>();

  constructor(parts: BeginningsParts) {
    this.#parts = parts;
    this.#admission = new Admission(parts);
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
      background.retrying(() => this.#resume(taskId), taskId),
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
        const terms = known?.terms ?? (await this.#termsOf(task, network.peers().slice(0, MAX_ASKED)));
        const providers = known ? [known.peerId] : network.peers().slice(0, MAX_ASKED);
        await this.#parts.models.forgive(decodeTerms(terms).model);
        await this.#take(task, { terms, peerId: providers[0] ?? '' }, providers);
      } catch (error) {
        refused = error;
        if (!hasCode(error, 'E_CHAIN_UNREACHABLE')) await this.#forget(taskId);
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
      const session = await this.#openSession(task, found.terms, providers, { joined: false });
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
      this.#follow(session);
    } catch (error) {
      // A join without a receipt may still be mined: without the files the node would forget its stake.
      if (!hasCode(error, 'E_CHAIN_UNREACHABLE')) {
        budget.release(task.id);
        await this.#forget(task.id);
      }
      throw error;
    }
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
      this.#tellRefused(task.id, error);
    }
  }

  /** Release everything of the task, because this node is not a member. */
  async #forget(taskId: bigint): Promise<void> {
    const { files, journal } = this.#parts;
    await files.remove(taskId).catch(() => {});
    journal.forgetTask(taskId);
  }

  /** Resume a task of an earlier run of this node: joined, owned, or about to be joined when the run ended. */
  async #resume(taskId: bigint): Promise<void> {
    const { ports, journal, files, budget, left, background, creator, completion, signal } = this.#parts;
    const known = journal.task(taskId);
    if (known?.state === 'ended') return files.remove(taskId);
    const { chain } = ports;
    const [task, members] = await Promise.all([chain.task(taskId), chain.members(taskId)]);
    const owned = sameAddress(task.owner, chain.account);
    const isMember = members.some((m) => sameAddress(m.address, chain.account));
    if (!owned && !isMember) {
      if (known?.state !== 'joining' || task.status !== 'joining') return this.#forget(taskId);
      // The outcome of every sent transaction is known by now: the join was not mined.
      const terms = await this.#termsOf(task, known.providers);
      return this.#consider(task, { terms, peerId: known.providers[0] ?? '' });
    }
    if (left.has(taskId) && !owned && !(await this.#owes(task))) {
      budget.resume(task, null, [], isMember);
      background.spawn(completion.awaitEnd(task));
      return;
    }
    const providers = [...members.map((m) => m.peerId), ...(known?.providers ?? [])];
    const terms = await this.#termsOf(task, providers);
    budget.resume(task, decodeTerms(terms), this.#admission.rolesFor(task), isMember);
    if (owned) await creator.owns(taskId, terms);
    else journal.setTask(taskId, 'joined');
    let session: TaskSession;
    try {
      session = await this.#openSession(task, terms, providers, { joined: isMember, anyData: !isMember });
    } catch (error) {
      if (signal.aborted || isRetryable(error)) throw error;
      if (owned) return this.#giveUp(taskId, error);
      if (!isModelFault(error)) throw error;
      await this.#abandon(task, decodeTerms(terms).model, error);
      background.spawn(completion.awaitEnd(task));
      throw error;
    }
    this.#follow(session);
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

  /** The terms on disk if they match the chain; else the terms from a peer. */
  async #termsOf(task: TaskState, providers: string[]): Promise<Uint8Array> {
    const { ports, files, signal } = this.#parts;
    const terms = await files.readTerms(task.id);
    if (terms && sha256Hex(terms) === task.termsDigest) return terms;
    const fetched = await ports.storage.get(cidFromDigest(task.termsDigest, MAX_TERMS_BYTES), {
      maxBytes: MAX_TERMS_BYTES,
      timeoutMs: RETRY_MILLISECONDS.longest,
      from: providers,
      signal,
    });
    await files.writeTerms(task.id, fetched);
    return fetched;
  }

  /** `anyData`: this node's data need not fit a task that it follows without being a member. */
  #openSession(
    task: TaskState,
    termsBytes: Uint8Array,
    providers: string[],
    { joined, anyData = false }: { joined: boolean; anyData?: boolean },
  ): Promise<TaskSession> {
    const { config } = this.#parts;
    const dataset = config.roles.some((role) => role !== 'aggregator') ? this.#parts.dataset : null;
    const fits = !anyData || (dataset !== null && fitsData(decodeTerms(termsBytes), dataset));
    return openSession({
      ...this.#parts,
      task,
      termsBytes,
      providers,
      dataset: fits ? dataset : null,
      joined,
      abandon: (fault) => this.#abandon(task, decodeTerms(termsBytes).model, fault),
    });
  }

  /**
   * A model that cannot be run is not tried again, now or after a restart; the node of its owner goes on without it.
   */
  async #abandon(task: TaskState, model: string, fault: ChorusError): Promise<void> {
    const { ports, models, left, emit } = this.#parts;
    if (sameAddress(task.owner, ports.chain.account) || left.has(task.id)) return;
    await models.judge(model, fault);
    await left.add(task.id);
    emit({ type: 'left', taskId: task.id });
  }

  #follow(session: TaskSession): void {
    const { ports, config, runners, proving, background, completion, signal } = this.#parts;
    const runner = new TaskRunner(session);
    runners.set(session.taskId, runner);
    if (config.roles.includes('aggregator')) {
      // Prepared before the first round needs it.
      background.spawn(proving.prover(session.terms.dimension).then(() => {}));
    }
    background.spawn(tellPresence(ports, runner, signal));
    background.spawn(runner.run().then((ended) => completion.over(runner, ended)));
  }
}
