import {
  type Address,
  ChorusError,
  cidFromDigest,
  type Duty,
  decodeTerms,
  describeError,
  encodeTerms,
  type Hex,
  hasCode,
  MAX_TERMS_BYTES,
  type Role,
  sameAddress,
  sha256Hex,
  type TaskState,
  type Terms,
} from '@chorus/protocol';
import { type Dataset, encodeGlobalModel, globalParameters } from '@chorus/training';
import { allowanceOf, permittedRoles } from './allowance.ts';
import { Arrivals } from './arrivals.ts';
import { Background, RETRY_MILLISECONDS } from './background.ts';
import { checkMeans, tryTraining } from './check-request.ts';
import type { NodeConfig } from './config.ts';
import type { EventSink } from './events.ts';
import { type FoundTask, HeardTasks } from './heard-tasks.ts';
import { Journal, type JournalReader, type Publication } from './journal/journal.ts';
import { DepartedTask, owesOthers } from './limits/departed-task.ts';
import { Gatekeeper } from './limits/gatekeeper.ts';
import { LeftTasks } from './limits/left-tasks.ts';
import { becomeMember } from './membership.ts';
import { Payout } from './payout.ts';
import type { Ports } from './ports.ts';
import { tellPresence } from './presence.ts';
import { createProving, type Proving } from './proving.ts';
import { Publications } from './publications.ts';
import { Publishing, requestDigest } from './publishing.ts';
import {
  checkData,
  fitsData,
  openSession,
  openTrainer,
  type RoundContext,
  type TaskSession,
} from './session.ts';
import { type PreparedTask, prepareTask, type TaskRequest } from './stages/announce.ts';
import { TaskFiles } from './task-files.ts';
import { TaskRunner } from './task-runner.ts';

export interface NodeDependencies {
  ports: Ports;
  /** By default workers of this node's own. */
  proving?: Proving;
  /** Private data of a trainer or validator. */
  dataset: Dataset | null;
  /** By default the one in the data folder; the node closes it. */
  journal?: Journal;
  emit: EventSink;
}

/** A task as this node sees it at a moment; null where that is not known yet. */
export interface FollowedTask {
  taskId: bigint;
  terms: Terms | null;
  task: TaskState | null;
  context: RoundContext | null;
  /** Duties under way, such as `train:3`, and how many are to be tried again. */
  active: string[];
  waiting: number;
  /** Whether this node has done its part of a duty. */
  hasDone: (duty: Duty) => boolean;
  /** Last round in this node's model; null where none is kept. */
  settledThrough: number | null;
  left: boolean;
  stake: bigint;
}

/** What publishing does at the moment. */
export type PublishStep = 'check' | 'escrow';

export interface PublishOptions {
  /** Asked again under the same id, the same task is meant, also after a crash. Without one each call is a new task. */
  id?: string;
  onStep?: (step: PublishStep) => void;
}

/** What came of joining a task by hand. */
export type JoinOutcome = { outcome: 'joined' | 'followed' } | { outcome: 'refused'; error: ChorusError };

/** Peers asked for the terms and the model of a task that is joined by its number alone. */
const MAX_ASKED = 16;

/** Own tasks whose model can be evaluated after their end: the last ones. Each has a thread with its model in it. */
const KEPT_TASKS = 4;

/**
 * A node of the network: listens for tasks, joins those its roles and data fit, and lives through their
 * rounds. Made by `startNode`, which wires the real ports; tests wire twins.
 */
export class ChorusNode {
  readonly ports: Ports;
  readonly #journal: Journal;
  readonly #config: NodeConfig;
  readonly #dataset: Dataset | null;
  readonly #emit: EventSink;
  readonly #proving: Proving;
  readonly #files: TaskFiles;
  readonly #left: LeftTasks;
  readonly gate: Gatekeeper;
  /** Tasks left before their end, by id. */
  readonly #departed = new Map<bigint, DepartedTask>();
  readonly #heard = new HeardTasks();
  readonly #abort = new AbortController();
  readonly #runners = new Map<bigint, TaskRunner>();
  /** Own tasks that have ended, the newest last. */
  readonly #kept: TaskSession[] = [];
  readonly #considering = new Map<bigint, Promise<void>>();
  readonly #background: Background;
  readonly #arrivals: Arrivals;
  readonly #payout: Payout;
  readonly #publishing: Publishing;
  /** Tasks that are published without anybody waiting: for the admin API. */
  readonly publications: Publications;
  readonly #cleanups: (() => Promise<void> | void)[] = [];

  constructor(config: NodeConfig, { ports, dataset, emit, proving, journal }: NodeDependencies) {
    const { threads } = config.limits;
    this.#config = { ...config, threads: Math.min(config.threads, threads ?? config.threads) };
    this.ports = ports;
    this.#dataset = dataset;
    this.#emit = emit;
    this.#proving = proving ?? createProving(ports.chain.chainId, config.srsCache, threads);
    this.#files = new TaskFiles(config.dataDir);
    this.#left = new LeftTasks(config.dataDir);
    this.gate = new Gatekeeper({ config, left: this.#left, emit });
    this.#journal = journal ?? Journal.open(config.dataDir);
    const { signal } = this.#abort;
    this.#background = new Background(signal, emit);
    const parts = { ports, journal: this.#journal, files: this.#files, signal };
    this.#payout = new Payout(parts);
    this.#publishing = new Publishing({ ...parts, background: this.#background });
    this.publications = new Publications({
      ports,
      journal: this.#journal,
      background: this.#background,
      signal,
      emit,
      publish: (request, options) => this.publish(request, options),
      recover: (publication) => this.#recover(publication),
    });
    this.#arrivals = new Arrivals({
      ports,
      background: this.#background,
      signal,
      runners: this.#runners,
      isKnown: (taskId) => this.#isKnown(taskId),
      announced: (task, announcement) => {
        this.#heard.remember(task.id, announcement);
        // Another announcement of it may have come while the chain was read.
        if (!this.#isKnown(task.id)) this.#begin(task.id, this.#consider(task, announcement));
      },
      changed: (taskId) => {
        this.#runners.get(taskId)?.wake();
        this.#departed.get(taskId)?.wake();
      },
    });
  }

  /** What this node did and earned. */
  get journal(): JournalReader {
    return this.#journal;
  }

  /** Begin to listen, take up the tasks of an earlier run, and report `ready`. */
  async start(): Promise<void> {
    const { chain, network } = this.ports;
    this.#journal.bind(chain);
    await this.#left.load();
    this.gate.start();
    // Before listening, so that an announcement of such a task does not begin it a second time.
    const known = this.#journal.tasks().filter((task) => task.state !== 'ended');
    for (const taskId of new Set([...known.map((task) => task.taskId), ...(await this.#files.list())])) {
      this.#begin(
        taskId,
        this.#background.retrying(() => this.#resume(taskId)),
      );
    }
    for (const publication of this.#journal.openPublications()) this.publications.resume(publication);
    this.#arrivals.listen();
    for (const peer of this.#config.network.bootstrap) {
      // The network goes on trying; that nobody is connected is told where it lasts.
      const connecting = network.connect(peer, { signal: this.#abort.signal }).catch((error) => {
        if (!hasCode(error, 'E_NETWORK_DIAL')) throw error;
      });
      this.#background.spawn(connecting);
    }
    this.#emit({
      type: 'ready',
      address: chain.account,
      peerId: network.peerId,
      multiaddrs: network.multiaddrs(),
    });
  }

  /**
   * As a requester: publish a task, announce it until it has its members, follow its rounds, and join it like any
   * other where roles, data and limits of this node allow it. Resolves when the task is on chain.
   *
   * Everything is checked before the budget is escrowed: that the terms are sound, that the model can be trained on what
   * they describe, that this node can follow it and its wallet can pay for it; the contract's own bounds are checked by
   * the chain before anything is sent.
   *
   * @throws ChorusError `E_TERMS_INVALID`, `E_MODEL_*`, `E_TASK_MODEL`, `E_DATA_SHAPE`, `E_DATA_LABEL`, `E_TASK_BUDGET`,
   *   `E_GAS_LOW`, `E_LIMIT_*`, `E_PUBLICATION_*` and the errors of the chain; nothing is escrowed then, but after
   *   `E_CHAIN_UNREACHABLE` and `E_CHAIN_NOT_MINED`, where that is not known
   */
  async publish(request: TaskRequest, { id, onStep = () => {} }: PublishOptions = {}): Promise<bigint> {
    const { storage } = this.ports;
    const cid = await storage.cidOf(request.model);
    const asked = { id, requestDigest: requestDigest({ ...request, model: cid }) };
    // Before the wallet is looked into: the budget may have left it.
    const known = this.#publishing.known(asked);
    const there = known && (known.taskId ?? (await this.#recover(known)));
    if (there !== null) return there;
    onStep('check');
    const prepared = await this.#checked(request, cid);
    onStep('escrow');
    await storage.put(request.model);
    const taskId = await this.#publishing.create(asked, prepared);
    await this.#followOwn(taskId);
    return taskId;
  }

  async #checked(request: TaskRequest, cid: string): Promise<PreparedTask> {
    const trainer = await openTrainer(request.terms, request.model, this.#config);
    try {
      const prepared = prepareTask(request, { cid, dimension: trainer.dimension });
      await checkMeans(this.ports, this.gate, prepared);
      await tryTraining(trainer, prepared.terms);
      return prepared;
    } finally {
      await trainer.close();
    }
  }

  /** From now on the task is this node's, as after a restart; what fails in it is told, and the task is still there. */
  async #followOwn(taskId: bigint): Promise<void> {
    if (!this.#runners.has(taskId) && !this.#considering.has(taskId)) {
      this.#begin(
        taskId,
        this.#background.retrying(() => this.#resume(taskId)),
      );
    }
    await this.#considering.get(taskId);
  }

  /** A task of which it is not known whether it was created: its number, or null where it was not. */
  async #recover(publication: Publication): Promise<bigint | null> {
    const taskId = await this.#publishing.find(publication);
    if (taskId !== null) await this.#followOwn(taskId);
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
    const { chain } = this.ports;
    const { owner, status, token } = await chain.task(taskId);
    const refuse = (code: string, message: string, hint: string) =>
      new ChorusError(code, message, { facts: { taskId, owner, status }, hint });
    if (!sameAddress(owner, chain.account)) {
      throw refuse(
        'E_TASK_NOT_OWNED',
        'the task is of another wallet',
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

  /** The terms of a task as they were last announced. */
  announcedTerms(taskId: bigint): Uint8Array | null {
    return this.#heard.get(taskId)?.terms ?? null;
  }

  /**
   * Pay out what this account has earned in a token.
   * @throws ChorusError `E_CHAIN_NOTHING_TO_CLAIM`
   */
  async claim(token: Address): Promise<{ amount: bigint; transaction: Hex }> {
    const receipt = await this.ports.chain.claim(token, this.tasksPaying(token));
    this.#journal.addClaimed(token, receipt.amount);
    return receipt;
  }

  /** Aborted once the node closes. */
  get closing(): AbortSignal {
    return this.#abort.signal;
  }

  /** Run when the node has closed, before `close` resolves. */
  onClosed(cleanup: () => Promise<void> | void): void {
    this.#cleanups.push(cleanup);
  }

  /** The tasks whose rewards are in `token`, of those this node has to do with. */
  tasksPaying(token: Address): bigint[] {
    return this.followed().flatMap(({ task }) => (task && sameAddress(task.token, token) ? [task.id] : []));
  }

  /** Every task this node has to do with, those it has left included. */
  followed(): FollowedTask[] {
    const running = [...this.#runners.values()].map((runner) => {
      const { taskId, terms } = runner.session;
      const { task, context, active, waiting, settledThrough } = runner;
      const left = this.gate.isLeft(taskId);
      const hasDone = (duty: Duty) => runner.hasDone(duty);
      return { taskId, terms, task, context, active, waiting, settledThrough, left, hasDone };
    });
    const departed = [...this.#departed.values()].map(({ taskId, task }) => {
      const none = { terms: null, context: null, active: [], waiting: 0, settledThrough: null };
      return { taskId, task, ...none, left: true, hasDone: () => false };
    });
    return [...running, ...departed].map((each) => ({ ...each, stake: this.gate.stakeIn(each.taskId) }));
  }

  /**
   * Join a task by hand, within the limits; one that was left is taken up again.
   * @throws ChorusError `E_CHAIN_UNKNOWN_TASK`, `E_TASK_NOT_OPEN`
   */
  async join(taskId: bigint): Promise<JoinOutcome> {
    const { chain, network } = this.ports;
    await this.#left.delete(taskId);
    await this.#considering.get(taskId);
    if (this.#runners.has(taskId)) return { outcome: 'followed' };
    const departed = this.#departed.get(taskId);
    if (departed) {
      departed.cancel();
      this.#departed.delete(taskId);
      this.#begin(
        taskId,
        this.#background.retrying(() => this.#resume(taskId)),
      );
      return { outcome: 'followed' };
    }
    const task = await chain.task(taskId);
    if (task.status !== 'joining') {
      throw new ChorusError('E_TASK_NOT_OPEN', 'the task takes no more members', {
        facts: { taskId, status: task.status },
      });
    }
    let refused: unknown = null;
    const known = this.#heard.get(taskId);
    const joining = (async () => {
      try {
        const terms = known?.terms ?? (await this.#termsOf(task, network.peers().slice(0, MAX_ASKED)));
        const providers = known ? [known.peerId] : network.peers().slice(0, MAX_ASKED);
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

  /**
   * Do no more work for a task, and do not join it again. A member's stake stays on chain until the task has ended:
   * what it has committed in the round under way is still provided, and the stake is taken back at the end.
   *
   * @returns the stake that stays locked; 0 where this account is no member
   * @throws ChorusError `E_TASK_OWNER` for a task of this node's own
   */
  async leave(taskId: bigint): Promise<{ member: boolean; stake: bigint }> {
    await this.#considering.get(taskId);
    const runner = this.#runners.get(taskId);
    const { account } = this.ports.chain;
    if (runner?.task && sameAddress(runner.task.owner, account)) {
      throw new ChorusError('E_TASK_OWNER', 'a task of this node cannot be left', {
        facts: { taskId },
        hint: 'its escrow is paid out by rounds; `chorus task refund` takes back what is left when it has ended',
      });
    }
    const known = this.#left.has(taskId);
    await this.#left.add(taskId);
    if (!known) this.#emit({ type: 'left', taskId });
    runner?.wake();
    const stake = this.gate.stakeIn(taskId);
    return { member: runner !== undefined || this.#departed.has(taskId), stake };
  }

  /** The model of a task this node follows, after the rounds it has computed so far (float32, in parameter order). */
  parameters(taskId: bigint): Float32Array {
    return globalParameters(this.#runner(taskId).session.model);
  }

  /** Loss and accuracy of that model on a data set of this node's. */
  evaluate(taskId: bigint, dataset: Dataset): Promise<{ loss: number; accuracy: number; count: number }> {
    const { trainer, model } = this.#runner(taskId).session;
    return trainer.evaluate({ parameters: globalParameters(model), dataset });
  }

  /**
   * Whether the model this node computed opens the sum of all aggregate commitments on chain: one
   * multi-scalar multiplication for the whole training history.
   */
  async opensCommitment(taskId: bigint): Promise<boolean> {
    const task = await this.ports.chain.task(taskId);
    return this.#runner(taskId).history.opens(task.totalCommitment);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.gate.close();
    this.#arrivals.close();
    await Promise.allSettled([this.#background.finished(), ...this.#considering.values()]);
    await Promise.allSettled([...this.#runners.values()].map((r) => r.session.trainer.close()));
    await this.#proving.close();
    await Promise.allSettled([this.ports.storage.close(), this.ports.chain.close()]);
    await this.ports.network.close();
    this.#journal.close();
    for (const cleanup of this.#cleanups.splice(0)) await cleanup();
  }

  // ---- joining ----

  async #consider(task: TaskState, announcement: FoundTask): Promise<void> {
    try {
      if (this.#rolesFor(task).length === 0 || task.status !== 'joining') return;
      await this.#take(task, announcement, [announcement.peerId]);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#heard.refuse(task.id);
      this.#tellRefused(task.id, error);
    }
  }

  #tellRefused(taskId: bigint, error: unknown): void {
    const { code, hint } = error instanceof ChorusError ? error : { code: 'E_UNEXPECTED' };
    const change = hint === undefined ? {} : { change: hint };
    this.#emit({ type: 'task-refused', taskId, reason: describeError(error), code, ...change });
  }

  /**
   * Join a task that fits the limits, and follow it.
   * @throws ChorusError `E_LIMIT_*`, `E_TASK_*` and the errors of the parts; nothing is staked then
   */
  async #take(task: TaskState, found: FoundTask, providers: string[]): Promise<void> {
    const roles = this.#reserve(task, decodeTerms(found.terms));
    try {
      const session = await this.#openSession(task, found.terms, providers);
      try {
        await this.#join(task, found, roles);
      } catch (error) {
        await session.trainer.close();
        throw error;
      }
      this.#emit({ type: 'joined', taskId: task.id });
      this.#follow(session);
    } catch (error) {
      // A join whose receipt never came may still be mined: without the files its stake would be forgotten.
      if (!hasCode(error, 'E_CHAIN_UNREACHABLE')) {
        this.gate.release(task.id);
        await this.#forget(task.id);
      }
      throw error;
    }
  }

  /**
   * The roles this node can have in a task that fits its limits, for which room is kept from now on.
   * @throws ChorusError `E_TASK_ROLE`, `E_TASK_NOT_ALLOWED`, `E_TASK_STAKE`, `E_LIMIT_*`
   */
  #reserve(task: TaskState, terms: Terms): Role[] {
    const wanted = this.#rolesFor(task);
    const { account } = this.ports.chain;
    const roles = permittedRoles(task, terms, account, wanted);
    if (wanted.length === 0) {
      throw new ChorusError('E_TASK_ROLE', 'the task has no role for this node', {
        hint: 'validators are appointed by the requester; set roles in the configuration for others',
      });
    }
    if (roles.length === 0) {
      throw new ChorusError(
        'E_TASK_NOT_ALLOWED',
        'the task is for a list of accounts, and this is none of them',
        {
          facts: { account },
          hint: 'ask the requester to put this account on the list of the next task',
        },
      );
    }
    const verdict = this.gate.take(task, terms, roles);
    if (!verdict.accept) throw new ChorusError(verdict.code, verdict.reason, { hint: verdict.change });
    return roles;
  }

  /** A task of this node's own, which it follows already, is joined like any other. */
  async #joinOwn(task: TaskState, { terms }: TaskSession): Promise<void> {
    const { chain, network } = this.ports;
    if (permittedRoles(task, terms, chain.account, this.#rolesFor(task)).length === 0) return;
    try {
      checkData(terms, this.#dataset);
      const roles = this.#reserve(task, terms);
      await this.#join(task, { terms: encodeTerms(terms), peerId: network.peerId }, roles);
      this.#emit({ type: 'joined', taskId: task.id });
    } catch (error) {
      if (this.#abort.signal.aborted || hasCode(error, 'E_CHAIN_UNREACHABLE')) throw error;
      this.gate.resume(task, terms, [], false);
      this.#tellRefused(task.id, error);
    }
  }

  /** Recorded first: a node that dies on the way finds out on chain whether it has joined. */
  async #join(task: TaskState, found: FoundTask, roles: Role[]): Promise<void> {
    await this.#files.writeTerms(task.id, found.terms);
    this.#journal.setTask(task.id, 'joining', [found.peerId]);
    const step = { taskId: task.id, round: 0, step: 'join' } as const;
    const maxStake = BigInt(this.#config.maxStake);
    const allowProof = allowanceOf(task, decodeTerms(found.terms), this.ports.chain.account) ?? [];
    const agentId = await this.#journal.act(step, { roles }, () =>
      becomeMember(this.ports, task, roles, allowProof, maxStake),
    );
    if (roles.includes('trainer')) this.#background.spawn(this.#requestValidation(task.id, agentId));
    this.#journal.setTask(task.id, 'joined');
  }

  /** Nothing of the task is this node's. */
  async #forget(taskId: bigint): Promise<void> {
    await this.#files.remove(taskId).catch(() => {});
    this.#journal.forgetTask(taskId);
  }

  /** Work on taking up a task: one at a time for each. */
  #begin(taskId: bigint, work: Promise<void>): void {
    const tracked = this.#background.report(work).finally(() => this.#considering.delete(taskId));
    this.#considering.set(taskId, tracked);
  }

  #isKnown(taskId: bigint): boolean {
    if (this.#runners.has(taskId) || this.#considering.has(taskId)) return true;
    if (this.#left.has(taskId)) return true;
    return this.#heard.isRefused(taskId);
  }

  /** The configured roles this node can hold in a task: validators are appointed by the requester. */
  #rolesFor(task: TaskState): Role[] {
    const { account } = this.ports.chain;
    return this.#config.roles.filter(
      (role) => role !== 'validator' || task.validators.some((v) => sameAddress(v, account)),
    );
  }

  /** A task of an earlier run of this node: joined, owned, or about to be joined when the run ended. */
  async #resume(taskId: bigint): Promise<void> {
    const known = this.#journal.task(taskId);
    if (known?.state === 'ended') return this.#files.remove(taskId);
    const { chain } = this.ports;
    const [task, members] = await Promise.all([chain.task(taskId), chain.members(taskId)]);
    const owned = sameAddress(task.owner, chain.account);
    const isMember = members.some((m) => sameAddress(m.address, chain.account));
    if (!owned && !isMember) {
      if (known?.state !== 'joining' || task.status !== 'joining') return this.#forget(taskId);
      // Whatever was sent has been looked up by now: it was not mined.
      const terms = await this.#termsOf(task, known.providers);
      return this.#consider(task, { terms, peerId: known.providers[0] ?? '' });
    }
    if (this.#left.has(taskId) && !owned && !(await this.#owes(task))) {
      this.gate.resume(task, null, [], isMember);
      this.#background.spawn(this.#awaitEnd(task));
      return;
    }
    const providers = [...members.map((m) => m.peerId), ...(known?.providers ?? [])];
    const terms = await this.#termsOf(task, providers);
    this.gate.resume(task, decodeTerms(terms), this.#rolesFor(task), isMember);
    if (owned) await this.#publishing.owns(taskId, terms);
    else this.#journal.setTask(taskId, 'joined');
    const session = await this.#openSession(task, terms, providers, !isMember);
    this.#follow(session);
    if (!isMember && task.status === 'joining') {
      this.#background.spawn(this.#background.retrying(() => this.#joinOwn(task, session)));
    }
  }

  /** Whether others wait for something this account has committed to. */
  async #owes(task: TaskState): Promise<boolean> {
    const { chain } = this.ports;
    if (task.status !== 'running' || task.round === 0) return false;
    return owesOthers(chain.account, task, await chain.round(task.id, task.round));
  }

  /** The terms on disk where they are those on chain; else as a peer gives them. */
  async #termsOf(task: TaskState, providers: string[]): Promise<Uint8Array> {
    const terms = await this.#files.readTerms(task.id);
    if (terms && sha256Hex(terms) === task.termsDigest) return terms;
    const fetched = await this.ports.storage.get(cidFromDigest(task.termsDigest, MAX_TERMS_BYTES), {
      maxBytes: MAX_TERMS_BYTES,
      timeoutMs: RETRY_MILLISECONDS.longest,
      from: providers,
      signal: this.#abort.signal,
    });
    await this.#files.writeTerms(task.id, fetched);
    return fetched;
  }

  /** `anyData`: of a task that is followed without being a member, this node's data need not be. */
  #openSession(
    task: TaskState,
    termsBytes: Uint8Array,
    providers: string[],
    anyData = false,
  ): Promise<TaskSession> {
    const dataset = this.#config.roles.some((role) => role !== 'aggregator') ? this.#dataset : null;
    const fits = !anyData || (dataset !== null && fitsData(decodeTerms(termsBytes), dataset));
    return openSession({
      task,
      termsBytes,
      providers,
      dataset: fits ? dataset : null,
      proving: this.#proving,
      ports: this.ports,
      config: this.#config,
      gate: this.gate,
      files: this.#files,
      journal: this.#journal,
      emit: this.#emit,
      signal: this.#abort.signal,
    });
  }

  // ---- living through a task ----

  #follow(session: TaskSession): void {
    const runner = new TaskRunner(session);
    this.#runners.set(session.taskId, runner);
    if (this.#config.roles.includes('aggregator')) {
      // Ready before the first round needs it.
      this.#background.spawn(this.#proving.prover(session.terms.dimension).then(() => {}));
    }
    this.#background.spawn(tellPresence(this.ports, runner, this.#abort.signal));
    this.#background.spawn(
      runner.run().then(async (ended) => {
        if (ended) await this.#background.retrying(() => this.#finish(session, ended));
        else if (this.gate.isLeft(session.taskId) && !this.#abort.signal.aborted) {
          await this.#depart(session, runner.task);
        }
      }),
    );
  }

  /** Collect what is owed, check the final model, and say so. */
  async #finish(session: TaskSession, task: TaskState): Promise<void> {
    const { chain, storage } = this.ports;
    const opensCommitment = await this.opensCommitment(session.taskId);
    const claimed = await this.#payout.claim(session.taskId, task.token);
    // Others may recompute the model, or take it from here and check it against the chain.
    const publishes = opensCommitment && sameAddress(task.owner, chain.account);
    const modelCid = publishes ? await storage.put(encodeGlobalModel(session.model)) : null;
    this.#emit({ type: 'task-ended', taskId: session.taskId, claimed, opensCommitment, modelCid });
    await this.#payout.releaseStake(session.taskId, this.#runners.get(session.taskId)?.disputes);
    if (this.#abort.signal.aborted) return;
    await this.#close(session.taskId);
    // The requester may still want to evaluate its model; for the others the task is over.
    const over = sameAddress(task.owner, chain.account) ? this.#keep(session) : session;
    if (!over) return;
    this.#runners.delete(over.taskId);
    await over.trainer.close();
  }

  /** Keep the model of an own task that has ended; returns the one that it takes the place of. */
  #keep(session: TaskSession): TaskSession | undefined {
    this.#kept.push(session);
    return this.#kept.length > KEPT_TASKS ? this.#kept.shift() : undefined;
  }

  /** So that settled rounds are written into the validation registry; a node without that record is paid alike. */
  async #requestValidation(taskId: bigint, agentId: bigint): Promise<void> {
    await this.ports.chain.requestValidation(taskId, agentId).catch((error) => {
      if (!hasCode(error, 'E_CHAIN_ALREADY_DONE')) throw error;
    });
  }

  /** The work for a task that was left is over; what is on chain is waited for. */
  async #depart(session: TaskSession, task: TaskState | null): Promise<void> {
    const { taskId } = session;
    this.#runners.delete(taskId);
    await session.trainer.close();
    this.gate.idle(taskId);
    await this.#awaitEnd(task ?? (await this.ports.chain.task(taskId)));
  }

  /** Take back reward and stake of a task that was left, once it has ended. */
  async #awaitEnd(task: TaskState): Promise<void> {
    const departed = new DepartedTask(task);
    this.#departed.set(task.id, departed);
    const ended = await departed.ended(this.ports.chain, this.#abort.signal, (message) =>
      this.#emit({ type: 'warning', code: 'E_CHAIN_UNREACHABLE', message }),
    );
    if (!ended) return;
    await this.#background.retrying(async () => {
      const claimed = await this.#payout.claim(ended.id, ended.token);
      await this.#payout.releaseStake(ended.id);
      await this.#close(ended.id);
      this.#departed.delete(ended.id);
      this.#emit({
        type: 'task-ended',
        taskId: ended.id,
        claimed,
        opensCommitment: false,
        modelCid: null,
        left: true,
      });
    });
  }

  /** Nothing more is to be done for a task. */
  async #close(taskId: bigint): Promise<void> {
    this.#journal.setTask(taskId, 'ended');
    await this.#files.remove(taskId);
    this.gate.release(taskId);
  }

  #runner(taskId: bigint): TaskRunner {
    const runner = this.#runners.get(taskId);
    if (runner) return runner;
    throw new ChorusError('E_TASK_UNKNOWN', 'this node does not follow the task', { facts: { taskId } });
  }
}
