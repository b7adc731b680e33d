import { type Address, ChorusError, type ErrorCode, type Hex, hasCode, sameAddress } from '@chorus/protocol';
import { checkBatch, type Dataset, globalParameters, tryModel } from '@chorus/training';
import type { NodeConfig } from '../config/config.ts';
import type { Ports } from '../context/ports.ts';
import type { EventSink } from '../events/events.ts';
import { Journal, type JournalReader, type Publication } from '../journal/journal.ts';
import { Models } from '../models/models.ts';
import { RefusedModels } from '../models/refused-models.ts';
import { FileKeys } from '../payloads/sealing/file-keys.ts';
import { ageIdentityOf } from '../payloads/sealing/member-keys.ts';
import type { PayloadReader } from '../payloads/sealing/payload-form.ts';
import { TaskFiles } from '../payloads/task-files.ts';
import { LeftTasks } from '../policy/left-tasks.ts';
import { createProving, type Proving } from '../proving/proving.ts';
import { ResourceBudget } from '../resources/resource-budget.ts';
import type { TaskRunner } from '../rounds/task-runner.ts';
import { checkAnnouncement, type PreparedTask, prepareTask, type TaskRequest } from '../tasks/announce.ts';
import { checkBalance } from '../tasks/check-balance.ts';
import { type PublishOptions, requestDigest, TaskCreator } from '../tasks/create-task.ts';
import { type FollowedTask, followedTasks } from '../tasks/followed-task.ts';
import { leaveOnChain } from '../tasks/left-task.ts';
import { InboundMessages } from '../tasks/messages/inbound-messages.ts';
import { PublicationQueue } from '../tasks/publication-queue.ts';
import { TaskCompletion } from '../tasks/task-completion.ts';
import { type JoinOutcome, TaskIntake } from '../tasks/task-intake.ts';
import { Background } from '../utils/background.ts';

export interface NodeDependencies {
  ports: Ports;
  /** The node's libp2p key, 32 bytes of an Ed25519 seed: payloads are sealed to it. */
  keySeed: Uint8Array;
  /** By default workers of this node's own. */
  proving?: Proving;
  /** Private data of a trainer or validator. */
  dataset: Dataset | null;
  /** What the record of what was told of it calls that data; by default the data set's own name. */
  dataName?: string;
  /** By default the one in the data folder; the node closes it. */
  journal?: Journal;
  emit: EventSink;
}

/**
 * A node of the network: listens for tasks, joins those its roles and data fit, and lives through their
 * rounds. Made by `startNode`, which wires the real ports; tests wire twins.
 */
export class ChorusNode {
  readonly ports: Ports;
  readonly #journal: Journal;
  readonly #config: NodeConfig;
  readonly #emit: EventSink;
  readonly #proving: Proving;
  readonly #files: TaskFiles;
  readonly #left: LeftTasks;
  readonly #refused: RefusedModels;
  readonly #models: Models;
  readonly resources: ResourceBudget;
  readonly #abort = new AbortController();
  readonly #runners = new Map<bigint, TaskRunner>();
  readonly #background: Background;
  readonly #inbound: InboundMessages;
  readonly #intake: TaskIntake;
  readonly #completion: TaskCompletion;
  readonly #creator: TaskCreator;
  /** Tasks that are published without anybody waiting: for the admin API. */
  readonly publications: PublicationQueue;
  readonly #cleanups: (() => Promise<void> | void)[] = [];

  constructor(
    config: NodeConfig,
    { ports, keySeed, dataset, dataName, emit, proving, journal }: NodeDependencies,
  ) {
    const { threads } = config.limits;
    this.#config = { ...config, threads: Math.min(config.threads, threads ?? config.threads) };
    this.ports = ports;
    this.#emit = emit;
    this.#proving = proving ?? createProving(ports.chain.chainId, config.srsCache, threads);
    this.#files = new TaskFiles(config.dataDir);
    this.#left = new LeftTasks(config.dataDir);
    this.resources = new ResourceBudget({ config, left: this.#left, samples: dataset?.count ?? null, emit });
    const { tasks } = config.limits;
    this.#refused = new RefusedModels(
      config.dataDir,
      `${this.resources.memoryBytes} bytes, ${tasks.callSeconds} s`,
    );
    this.#journal = journal ?? Journal.open(config.dataDir);
    const { signal } = this.#abort;
    this.#background = new Background(signal, emit);
    this.#models = new Models(this.#config, this.#refused);
    const reader: PayloadReader = {
      account: ports.chain.account,
      peerId: ports.network.peerId,
      identity: ageIdentityOf(keySeed),
      keys: new FileKeys(ports.network),
    };
    const parts = {
      ports,
      reader,
      config: this.#config,
      dataset,
      dataName: dataName ?? dataset?.name ?? '',
      journal: this.#journal,
      files: this.#files,
      left: this.#left,
      resources: this.resources,
      models: this.#models,
      proving: this.#proving,
      background: this.#background,
      runners: this.#runners,
      emit,
      signal,
    };
    this.#completion = new TaskCompletion(parts);
    this.#creator = new TaskCreator(parts);
    this.#intake = new TaskIntake({ ...parts, creator: this.#creator, completion: this.#completion });
    this.publications = new PublicationQueue({
      ...parts,
      publish: (request, options) => this.publish(request, options),
      recover: (publication) => this.#recover(publication),
    });
    this.#inbound = new InboundMessages({
      ...parts,
      attended: (taskId) =>
        this.#runners.get(taskId) ?? this.#completion.departed.get(taskId)?.attended ?? null,
      isKnown: (taskId) => this.#intake.isKnown(taskId),
      announced: (task, announcement) => this.#intake.announced(task, announcement),
      changed: (taskId) => {
        this.#runners.get(taskId)?.wake();
        this.#completion.departed.get(taskId)?.wake();
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
    await this.#refused.load();
    this.resources.start();
    // Before listening, so that an announcement of such a task does not begin it a second time.
    const known = this.#journal.tasks().filter((task) => task.state !== 'ended');
    for (const taskId of new Set([...known.map((task) => task.taskId), ...(await this.#files.list())])) {
      this.#intake.takeUp(taskId);
    }
    this.#background.spawn(this.#background.retrying(() => this.#completion.payout.recover()));
    for (const publication of this.#journal.openPublications()) this.publications.resume(publication);
    this.#inbound.listen();
    this.#background.spawn(this.#background.retrying(() => this.#intake.tellLate()));
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
   * Everything is checked before the budget is escrowed: that the terms are sound, that a round of the model goes well on
   * what they describe (see `tryModel`) under the limits that others open it with, that this node can follow it and its
   * wallet can pay for it; the contract's own bounds are checked by the chain before anything is sent.
   *
   * @throws ChorusError `E_TERMS_INVALID`, `E_MODEL_*`, `E_TASK_MODEL`, `E_TASK_SCALE`, `E_DATA_SHAPE`, `E_DATA_LABEL`, `E_TASK_BUDGET`,
   *   `E_GAS_LOW`, `E_LIMIT_*`, `E_PUBLICATION_*` and the errors of the chain; nothing is escrowed then, but after
   *   `E_CHAIN_UNREACHABLE` and `E_CHAIN_NOT_MINED`, where that is not known
   */
  async publish(request: TaskRequest, { id, onStep = () => {} }: PublishOptions = {}): Promise<bigint> {
    const { storage } = this.ports;
    const cid = await storage.cidOf(request.model);
    const asked = { id, requestDigest: requestDigest({ ...request, model: cid }) };
    // Before the wallet is looked into: the budget may have left it.
    const known = this.#creator.known(asked);
    const there = known && (known.taskId ?? (await this.#recover(known)));
    if (there !== null) return there;
    onStep('check');
    const prepared = await this.#checked(request, cid);
    onStep('escrow');
    await storage.put(request.model);
    const taskId = await this.#creator.create(asked, prepared);
    await this.#intake.followOwn(taskId);
    return taskId;
  }

  /** What members do with the task later is done here first, by the same code and under the limits of this node. */
  async #checked(request: TaskRequest, cid: string): Promise<PreparedTask> {
    const { signal } = this.#abort;
    // The terms before the model, which is opened by what they say; its size is counted then.
    const { terms } = prepareTask(request, { cid, dimension: request.terms.dimension ?? 1 });
    checkBatch(terms);
    const trainer = await this.#models.openOwn({
      model: request.model,
      terms: { ...terms, dimension: request.terms.dimension },
      memoryBytes: this.resources.memoryBytes,
      signal,
    });
    try {
      const prepared = prepareTask(request, { cid, dimension: trainer.dimension });
      checkAnnouncement(this.ports, prepared.bytes);
      await checkBalance(this.ports, this.resources, prepared);
      await tryModel(trainer, { terms: prepared.terms, signal });
      return prepared;
    } finally {
      await trainer.close();
    }
  }

  /** A task of which it is not known whether it was created: its number, or null where it was not. */
  async #recover(publication: Publication): Promise<bigint | null> {
    const taskId = await this.#creator.find(publication);
    if (taskId !== null) await this.#intake.followOwn(taskId);
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
    const refuse = (code: ErrorCode, message: string, hint: string) =>
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
    return this.#intake.announcedTerms(taskId);
  }

  /**
   * Pay out what this account has earned in a token.
   * @throws ChorusError `E_CHAIN_NOTHING_TO_CLAIM`
   */
  async claim(token: Address): Promise<{ amount: bigint; transaction: Hex }> {
    const receipt = await this.#completion.payout.claim(token, this.tasksPaying(token));
    if (receipt) return receipt;
    throw new ChorusError('E_CHAIN_NOTHING_TO_CLAIM', 'nothing is owed to this account in the token', {
      facts: { token },
    });
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
    return followedTasks(this.#runners.values(), this.#completion.departed.values(), this.resources);
  }

  /**
   * Join a task by hand, within the limits; one that was left is taken up again.
   * @throws ChorusError `E_CHAIN_UNKNOWN_TASK`, `E_TASK_NOT_OPEN`, `E_TASK_LEFT`
   */
  join(taskId: bigint): Promise<JoinOutcome> {
    return this.#intake.join(taskId);
  }

  /**
   * Do no more work for a task, and do not join it again. A member leaves a running task on chain: the round under way
   * is its last, what it has committed in it is still provided, and the stake is taken back after it.
   *
   * @returns the stake that is locked until then; 0 where this account is no member
   * @throws ChorusError `E_TASK_OWNER` for a task of this node's own
   */
  async leave(taskId: bigint): Promise<{ member: boolean; stake: bigint }> {
    await this.#intake.settled(taskId);
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
    // If this fails, it is tried again once the work under way is over.
    if (runner?.task?.status === 'running') await leaveOnChain(this.ports.chain, taskId).catch(() => {});
    runner?.wake();
    const stake = this.resources.stakeIn(taskId);
    return { member: runner !== undefined || this.#completion.departed.has(taskId), stake };
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
    this.resources.close();
    this.#inbound.close();
    // An endpoint that does not answer leaves half of the time to the rest: what was sent is in the journal.
    const giveUp = setTimeout(() => void this.ports.chain.close(), this.#config.shutdownSeconds * 500);
    await Promise.all([this.#background.finished(), this.#intake.settled()]);
    clearTimeout(giveUp);
    await Promise.allSettled([...this.#runners.values()].map((r) => r.session.trainer.close()));
    await this.#proving.close();
    await Promise.allSettled([this.ports.storage.close(), this.ports.chain.close()]);
    await this.ports.network.close();
    this.#journal.close();
    for (const cleanup of this.#cleanups.splice(0)) await cleanup();
  }

  #runner(taskId: bigint): TaskRunner {
    const runner = this.#runners.get(taskId);
    if (runner) return runner;
    throw new ChorusError('E_TASK_UNKNOWN', 'this node does not follow the task', { facts: { taskId } });
  }
}
