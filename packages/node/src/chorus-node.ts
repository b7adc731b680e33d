import {
  type Announcement,
  AVAILABLE_PROTOCOL,
  type ChainEvent,
  ChorusError,
  decodeAvailableRequest,
  decodeGossip,
  decodeVoteRequest,
  describeError,
  encodeMessage,
  encodeTerms,
  hasCode,
  type Presence,
  type Role,
  sameAddress,
  stageOf,
  type TaskState,
  type TopicMessage,
  topicOf,
  type Verdict,
  VOTE_PROTOCOL,
} from '@chorus/protocol';
import { type Dataset, encodeGlobalModel, globalParameters } from '@chorus/training';
import type { NodeConfig } from './config.ts';
import type { EventSink } from './events.ts';
import { becomeMember } from './membership.ts';
import type { Ports } from './ports.ts';
import { createProving, type Proving } from './proving.ts';
import { openSession, openTrainer, type TaskSession } from './session.ts';
import { checkAnnouncement, publishTask, type TaskRequest } from './stages/announce.ts';
import { TaskFiles } from './task-files.ts';
import { TaskRunner } from './task-runner.ts';
import { answerAvailableRequest, answerVoteRequest } from './verdicts.ts';

export interface NodeDependencies {
  ports: Ports;
  /** By default workers of this node's own. */
  proving?: Proving;
  /** Private data of a trainer or validator. */
  dataset: Dataset | null;
  emit: EventSink;
}

/** A refused task is looked at again after this long: stake or data may have come. */
const RECONSIDER_MILLISECONDS = 60_000;

/** Refused tasks remembered; beyond it the oldest is forgotten. */
const MAX_REFUSED = 1_000;

/** Pause between two announcements of a task that is still looking for members. */
const ANNOUNCE_MILLISECONDS = 1_000;

/**
 * A node of the network: listens for tasks, joins those its roles and data fit, and lives through their
 * rounds. Made by `startNode`, which wires the real ports; tests wire twins.
 */
export class ChorusNode {
  readonly ports: Ports;
  readonly #config: NodeConfig;
  readonly #dataset: Dataset | null;
  readonly #emit: EventSink;
  readonly #proving: Proving;
  readonly #files: TaskFiles;
  readonly #abort = new AbortController();
  readonly #runners = new Map<bigint, TaskRunner>();
  /** Until when (ms) a refused task is left alone. */
  readonly #refused = new Map<bigint, number>();
  readonly #considering = new Map<bigint, Promise<void>>();
  readonly #background = new Set<Promise<void>>();
  readonly #unsubscribe: (() => void)[] = [];

  constructor(config: NodeConfig, { ports, dataset, emit, proving }: NodeDependencies) {
    this.#config = config;
    this.ports = ports;
    this.#dataset = dataset;
    this.#emit = emit;
    this.#proving = proving ?? createProving(ports.chain.chainId, config.srsCache);
    this.#files = new TaskFiles(config.dataDir);
  }

  /** Begin to listen, take up the tasks of an earlier run, and report `ready`. */
  async start(): Promise<void> {
    const { chain, network } = this.ports;
    const topic = (kind: 'tasks' | 'presence') => topicOf(kind, chain.chainId, chain.contract);
    // Before listening, so that an announcement of such a task does not begin it a second time.
    for (const taskId of await this.#files.list()) this.#begin(taskId, this.#resume(taskId));
    this.#unsubscribe.push(
      network.subscribe(topic('tasks'), (m) => this.#onTask(m)),
      network.subscribe(topic('presence'), (m) => this.#onPresence(m)),
      network.handle(VOTE_PROTOCOL, (request, from) => this.#onVoteRequest(request, from)),
      network.handle(AVAILABLE_PROTOCOL, (request, from) => this.#onAvailableRequest(request, from)),
    );
    this.#spawn(this.#followChain());
    for (const peer of this.#config.network.bootstrap) {
      this.#spawn(network.connect(peer, { signal: this.#abort.signal }));
    }
    this.#emit({
      type: 'ready',
      address: chain.account,
      peerId: network.peerId,
      multiaddrs: network.multiaddrs(),
    });
  }

  /**
   * As a requester: publish a task, announce it until it has its members, and follow its rounds.
   * Resolves when the task is on chain and announced; a model that cannot be trained is refused before that.
   */
  async publish(request: TaskRequest): Promise<bigint> {
    const trainer = await openTrainer(request.terms, request.model, this.#config);
    await trainer.close();
    const { taskId, terms, announce } = await publishTask(this.ports, request);
    const task = await this.ports.chain.task(taskId);
    const termsBytes = encodeTerms(terms);
    await this.#files.writeTerms(taskId, termsBytes);
    this.#spawn(this.#announceUntilRunning(taskId, announce));
    this.#follow(await this.#openSession(task, termsBytes, []));
    return taskId;
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
    for (const end of this.#unsubscribe.splice(0)) end();
    await Promise.allSettled([...this.#background, ...this.#considering.values()]);
    await Promise.allSettled([...this.#runners.values()].map((r) => r.session.trainer.close()));
    await this.#proving.close();
    await Promise.allSettled([this.ports.storage.close(), this.ports.chain.close()]);
    await this.ports.network.close();
  }

  // ---- what arrives ----

  async #onTask(message: TopicMessage): Promise<Verdict> {
    let announcement: Announcement;
    try {
      const decoded = decodeGossip(message.data);
      if (decoded.type !== 'announcement' || decoded.peerId !== message.from) return 'reject';
      announcement = decoded;
      if (this.#isKnown(decoded.taskId)) return 'accept';
    } catch {
      return 'reject';
    }
    try {
      const task = await checkAnnouncement(this.ports, announcement);
      await this.ports.network.learn(message.from, announcement.multiaddrs);
      // Another announcement of it may have come while the chain was read.
      if (!this.#isKnown(task.id)) this.#begin(task.id, this.#consider(task, announcement));
      return 'accept';
    } catch (error) {
      // A task this node's chain does not know yet is nobody's fault.
      return hasCode(error, 'E_ANNOUNCEMENT_FALSE') || hasCode(error, 'E_TERMS_INVALID')
        ? 'reject'
        : 'ignore';
    }
  }

  async #onPresence(message: TopicMessage): Promise<Verdict> {
    let presence: Presence;
    try {
      const decoded = decodeGossip(message.data);
      if (decoded.type !== 'presence' || decoded.peerId !== message.from) return 'reject';
      presence = decoded;
    } catch {
      return 'reject';
    }
    const runner = this.#runners.get(presence.taskId);
    if (!runner) return 'accept';
    // While a task is joining its members are not known yet; once it runs, only they are listened to.
    const members = runner.context?.members;
    if (members && !members.some((m) => m.peerId === message.from)) return 'ignore';
    await this.ports.network.learn(message.from, presence.multiaddrs);
    if (!this.ports.network.peers().includes(message.from)) {
      this.#spawn(this.ports.network.connect(message.from, { signal: this.#abort.signal }));
    }
    return 'accept';
  }

  async #onVoteRequest(bytes: Uint8Array, from: string): Promise<Uint8Array> {
    const request = decodeVoteRequest(bytes);
    const runner = this.#runners.get(request.taskId);
    if (!runner?.context) return encodeMessage({ refused: 'this node does not follow the task' });
    const { session, context, modelRound } = runner;
    return encodeMessage(await answerVoteRequest(session, context, request, from, modelRound));
  }

  async #onAvailableRequest(bytes: Uint8Array, from: string): Promise<Uint8Array> {
    const request = decodeAvailableRequest(bytes);
    const runner = this.#runners.get(request.taskId);
    if (!runner?.context) return encodeMessage({ refused: 'this node does not follow the task' });
    return encodeMessage(await answerAvailableRequest(runner.session, runner.context, request, from));
  }

  async #followChain(): Promise<void> {
    for await (const event of this.ports.chain.events({ signal: this.#abort.signal }))
      this.#onChainEvent(event);
  }

  #onChainEvent(event: ChainEvent): void {
    this.#runners.get(event.taskId)?.wake();
  }

  // ---- joining ----

  async #consider(task: TaskState, announcement: Announcement): Promise<void> {
    try {
      const roles = this.#rolesFor(task);
      if (roles.length === 0 || task.status !== 'joining') return;
      if (task.stake > BigInt(this.#config.maxStake)) {
        throw new ChorusError('E_TASK_STAKE', 'the task asks for more stake than this node risks', {
          facts: { stake: task.stake, maxStake: this.#config.maxStake },
          hint: 'raise maxStake in the configuration to join such tasks',
        });
      }
      const session = await this.#openSession(task, announcement.terms, [announcement.peerId]);
      try {
        // On disk first: a node that dies between the two finds out on chain whether it has joined.
        await this.#files.writeTerms(task.id, announcement.terms);
        const agentId = await becomeMember(this.ports, task, roles, BigInt(this.#config.maxStake));
        if (roles.includes('trainer')) this.#spawn(this.#requestValidation(task.id, agentId));
      } catch (error) {
        await session.trainer.close();
        // A join whose receipt never came may still be mined: without the files its stake would be forgotten.
        if (!hasCode(error, 'E_CHAIN_UNREACHABLE')) await this.#files.remove(task.id).catch(() => {});
        throw error;
      }
      this.#emit({ type: 'joined', taskId: task.id });
      this.#follow(session);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#refuse(task.id);
      this.#emit({ type: 'task-refused', taskId: task.id, reason: describeError(error) });
    }
  }

  /** Work on taking up a task: one at a time for each. */
  #begin(taskId: bigint, work: Promise<void>): void {
    const tracked = this.#report(work).finally(() => this.#considering.delete(taskId));
    this.#considering.set(taskId, tracked);
  }

  #isKnown(taskId: bigint): boolean {
    if (this.#runners.has(taskId) || this.#considering.has(taskId)) return true;
    return (this.#refused.get(taskId) ?? 0) > Date.now();
  }

  #refuse(taskId: bigint): void {
    this.#refused.delete(taskId);
    this.#refused.set(taskId, Date.now() + RECONSIDER_MILLISECONDS);
    const [oldest] = this.#refused.keys();
    if (this.#refused.size > MAX_REFUSED && oldest !== undefined) this.#refused.delete(oldest);
  }

  /** The configured roles this node can hold in a task: validators are appointed by the requester. */
  #rolesFor(task: TaskState): Role[] {
    const { account } = this.ports.chain;
    return this.#config.roles.filter(
      (role) => role !== 'validator' || task.validators.some((v) => sameAddress(v, account)),
    );
  }

  /** A task joined in an earlier run of this node. */
  async #resume(taskId: bigint): Promise<void> {
    const termsBytes = await this.#files.readTerms(taskId);
    if (!termsBytes) return;
    const task = await this.ports.chain.task(taskId);
    const members = await this.ports.chain.members(taskId);
    const { account } = this.ports.chain;
    if (!sameAddress(task.owner, account) && !members.some((m) => sameAddress(m.address, account))) {
      await this.#files.remove(taskId);
      return;
    }
    const providers = members.map((m) => m.peerId);
    this.#follow(await this.#openSession(task, termsBytes, providers));
  }

  #openSession(task: TaskState, termsBytes: Uint8Array, providers: string[]): Promise<TaskSession> {
    const needsData = this.#config.roles.some((role) => role !== 'aggregator');
    return openSession({
      task,
      termsBytes,
      providers,
      dataset: needsData ? this.#dataset : null,
      proving: this.#proving,
      ports: this.ports,
      config: this.#config,
      files: this.#files,
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
      this.#spawn(this.#proving.prover(session.terms.dimension).then(() => {}));
    }
    this.#spawn(this.#tellPresence(runner));
    this.#spawn(
      runner.run().then(async (ended) => {
        if (ended) await this.#finish(session, ended);
      }),
    );
  }

  /** Collect what is owed, check the final model, and say so. */
  async #finish(session: TaskSession, task: TaskState): Promise<void> {
    const { chain, storage } = this.ports;
    const opensCommitment = await this.opensCommitment(session.taskId);
    const tasks = [session.taskId];
    const owed = await chain.claimable(task.token, chain.account, tasks);
    const claimed = owed > 0n ? (await chain.claim(task.token, tasks)).amount : 0n;
    // Others may recompute the model, or take it from here and check it against the chain.
    const publishes = opensCommitment && sameAddress(task.owner, chain.account);
    const modelCid = publishes ? await storage.put(encodeGlobalModel(session.model)) : null;
    this.#emit({ type: 'task-ended', taskId: session.taskId, claimed, opensCommitment, modelCid });
    await this.#releaseStake(session);
    await this.#files.remove(session.taskId);
    // The requester may still want to evaluate its model; for the others the task is over.
    if (sameAddress(task.owner, chain.account)) return;
    this.#runners.delete(session.taskId);
    await session.trainer.close();
  }

  /** Take the stake back; where cases are open that may cost some of it, once they are closed. */
  async #releaseStake({ taskId }: TaskSession): Promise<void> {
    const { chain } = this.ports;
    const members = await chain.members(taskId);
    const runner = this.#runner(taskId);
    const isMember = members.some((m) => sameAddress(m.address, chain.account));
    while (!this.#abort.signal.aborted) {
      const task = await chain.task(taskId);
      const round = await chain.round(taskId, Math.max(1, task.round));
      const next = await runner.disputes.attend({ task, round, members });
      if (!isMember) return;
      try {
        await chain.releaseStake(taskId, chain.account);
        return;
      } catch (error) {
        if (hasCode(error, 'E_CHAIN_ALREADY_DONE')) return;
        if (!hasCode(error, 'E_CHAIN_CASE_OPEN')) throw error;
      }
      const wait = next === null ? 0 : next - Math.floor(Date.now() / 1000);
      await sleep(Math.min(60, Math.max(1, wait)) * 1000, this.#abort.signal);
    }
  }

  /** So that settled rounds are written into the validation registry; a node without that record is paid alike. */
  async #requestValidation(taskId: bigint, agentId: bigint): Promise<void> {
    await this.ports.chain.requestValidation(taskId, agentId).catch((error) => {
      if (!hasCode(error, 'E_CHAIN_ALREADY_DONE')) throw error;
    });
  }

  async #announceUntilRunning(taskId: bigint, announce: () => Promise<void>): Promise<void> {
    while (!this.#abort.signal.aborted) {
      await sleep(ANNOUNCE_MILLISECONDS, this.#abort.signal);
      if ((await this.ports.chain.task(taskId)).status !== 'joining') return;
      await announce();
    }
  }

  /** Members tell each other where they can be reached, at first often because meshes take a moment to form. */
  async #tellPresence(runner: TaskRunner): Promise<void> {
    const { chain, network } = this.ports;
    for (let wait = 500; !runner.ended && !this.#abort.signal.aborted; wait = Math.min(wait * 2, 30_000)) {
      const { context } = runner;
      await network.publish(
        topicOf('presence', chain.chainId, chain.contract),
        encodeMessage({
          type: 'presence',
          taskId: runner.session.taskId,
          round: context?.round.round ?? 0,
          stage: context ? stageOf(chain.account, context.task, context.round) : 'joined',
          peerId: network.peerId,
          multiaddrs: network.multiaddrs().slice(0, 16),
        }),
      );
      await sleep(wait, this.#abort.signal);
    }
  }

  #runner(taskId: bigint): TaskRunner {
    const runner = this.#runners.get(taskId);
    if (runner) return runner;
    throw new ChorusError('E_TASK_UNKNOWN', 'this node does not follow the task', { facts: { taskId } });
  }

  /** Keep a promise until it is done. */
  #spawn(work: Promise<void>): void {
    const tracked = this.#report(work).finally(() => this.#background.delete(tracked));
    this.#background.add(tracked);
  }

  /** A failure is told, never lost. */
  #report(work: Promise<void>): Promise<void> {
    return work.catch((error) => {
      if (this.#abort.signal.aborted) return;
      const code = error instanceof ChorusError ? error.code : 'E_UNEXPECTED';
      this.#emit({ type: 'warning', code, message: describeError(error) });
    });
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener('abort', finish, { once: true });
    if (signal.aborted) finish();
  });
}
