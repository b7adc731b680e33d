import { type Address, ChorusError, type Hex, hasCode, sameAddress } from '@chorus/protocol';
import { type Dataset, globalParameters } from '@chorus/training';
import type { Ports } from '../context/ports.ts';
import type { JournalReader } from '../journal/journal.ts';
import type { TaskBudget } from '../policy/task-budget.ts';
import type { ResourceBudget } from '../resources/resource-budget.ts';
import type { TaskRunner } from '../rounds/task-runner.ts';
import type { TaskRequest } from '../tasks/announce.ts';
import type { PublishOptions } from '../tasks/create-task.ts';
import { type FollowedTask, followedTasks } from '../tasks/followed-task.ts';
import { leaveTask } from '../tasks/leave-task.ts';
import { InboundMessages } from '../tasks/messages/inbound-messages.ts';
import { PublicationQueue } from '../tasks/publication-queue.ts';
import { Requester } from '../tasks/requester.ts';
import type { JoinOutcome } from '../tasks/task-intake.ts';
import type { NodeConfig } from '../training-config/settings.ts';
import { createParts, type NodeDependencies, type NodeParts } from './node-parts.ts';

/**
 * A node of the network: listens for tasks, joins those its roles and data fit, and lives through their
 * rounds. Made by `startNode`, which wires the real ports; tests wire twins.
 */
export class ChorusNode {
  readonly #abort = new AbortController();
  readonly #parts: NodeParts;
  readonly #requester: Requester;
  readonly #inbound: InboundMessages;
  /** Tasks that are published in the background: for the admin API. */
  readonly publications: PublicationQueue;
  readonly #cleanups: (() => Promise<void> | void)[] = [];

  constructor(config: NodeConfig, dependencies: NodeDependencies) {
    const parts = createParts(config, dependencies, this.#abort.signal);
    this.#parts = parts;
    this.#requester = new Requester(parts);
    this.publications = new PublicationQueue({
      ...parts,
      publish: (request, options) => this.publish(request, options),
      recover: (publication) => this.#requester.recover(publication),
    });
    const { runners, completion, intake } = parts;
    this.#inbound = new InboundMessages({
      ...parts,
      attended: (taskId) => runners.get(taskId) ?? completion.departed.get(taskId)?.attended ?? null,
      isKnown: (taskId) => intake.isKnown(taskId),
      announced: (task, announcement) => intake.announced(task, announcement),
      changed: (taskId) => {
        runners.get(taskId)?.wake();
        completion.departed.get(taskId)?.wake();
      },
    });
  }

  get ports(): Ports {
    return this.#parts.ports;
  }

  /** Memory, disk and hours of all the node's work. */
  get resources(): ResourceBudget {
    return this.#parts.resources;
  }

  /** Keeps the contributor's limits for training tasks. */
  get budget(): TaskBudget {
    return this.#parts.budget;
  }

  /** What this node did and earned. */
  get journal(): JournalReader {
    return this.#parts.journal;
  }

  /** Begin to listen, take up the tasks of an earlier run, and report `ready`. */
  async start(): Promise<void> {
    const { chain, network } = this.ports;
    this.#parts.journal.store.bind(chain);
    await this.#parts.left.load();
    await this.#parts.refused.load();
    this.resources.start();
    // Before listening, so that an announcement of such a task does not begin it a second time.
    const known = this.#parts.journal.tasks().filter((task) => task.state !== 'ended');
    for (const taskId of new Set([
      ...known.map((task) => task.taskId),
      ...(await this.#parts.files.list()),
    ])) {
      this.#parts.intake.takeUp(taskId);
    }
    this.#parts.background.spawn(
      this.#parts.background.retrying(() => this.#parts.completion.payout.recover()),
    );
    for (const publication of this.#parts.journal.publications.open()) this.publications.resume(publication);
    this.#inbound.listen();
    this.#parts.background.spawn(this.#parts.background.retrying(() => this.#parts.intake.tellLate()));
    for (const peer of this.#parts.config.network.bootstrap) {
      // The network keeps trying; a node that stays without peers reports it as a condition.
      const connecting = network.connect(peer, { signal: this.#abort.signal }).catch((error) => {
        if (!hasCode(error, 'E_NETWORK_DIAL')) throw error;
      });
      this.#parts.background.spawn(connecting);
    }
    this.#parts.emit({
      type: 'ready',
      address: chain.account,
      peerId: network.peerId,
      multiaddrs: network.multiaddrs(),
    });
  }

  /** See {@link Requester.publish}. */
  publish(request: TaskRequest, options: PublishOptions = {}): Promise<bigint> {
    return this.#requester.publish(request, options);
  }

  /** See {@link Requester.refund}. */
  refund(
    taskId: bigint,
    options: { cancel?: boolean } = {},
  ): Promise<{ token: Address; amount: bigint; transaction: Hex }> {
    return this.#requester.refund(taskId, options);
  }

  /** The terms of a task as they were last announced. */
  announcedTerms(taskId: bigint): Uint8Array | null {
    return this.#parts.intake.announcedTerms(taskId);
  }

  /**
   * Pay out what this account has earned in a token.
   * @throws ChorusError `E_CHAIN_NOTHING_TO_CLAIM`
   */
  async claim(token: Address): Promise<{ amount: bigint; transaction: Hex }> {
    const receipt = await this.#parts.completion.payout.claim(token, this.tasksPaying(token));
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

  /** The followed tasks that pay rewards in `token`. */
  tasksPaying(token: Address): bigint[] {
    return this.followed().flatMap(({ task }) => (task && sameAddress(task.token, token) ? [task.id] : []));
  }

  /** Every task this node has to do with, those it has left included. */
  followed(): FollowedTask[] {
    return followedTasks(this.#parts.runners.values(), this.#parts.completion.departed.values(), this.budget);
  }

  /**
   * Join a task by hand, within the limits; one that was left is taken up again.
   * @throws ChorusError `E_CHAIN_UNKNOWN_TASK`, `E_TASK_NOT_OPEN`, `E_TASK_LEFT`
   */
  join(taskId: bigint): Promise<JoinOutcome> {
    return this.#parts.intake.join(taskId);
  }

  /** See {@link leaveTask}. */
  leave(taskId: bigint): Promise<{ member: boolean; stake: bigint }> {
    return leaveTask(this.#parts, taskId);
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
    const giveUp = setTimeout(() => void this.ports.chain.close(), this.#parts.config.shutdownSeconds * 500);
    await Promise.all([this.#parts.background.finished(), this.#parts.intake.settled()]).finally(() =>
      clearTimeout(giveUp),
    );
    await Promise.allSettled([...this.#parts.runners.values()].map((r) => r.session.trainer.close()));
    await this.#parts.proving.close();
    await Promise.allSettled([this.ports.storage.close(), this.ports.chain.close()]);
    await this.ports.network.close();
    this.#parts.journal.close();
    for (const cleanup of this.#cleanups.splice(0)) await cleanup();
  }

  #runner(taskId: bigint): TaskRunner {
    const runner = this.#parts.runners.get(taskId);
    if (runner) return runner;
    throw new ChorusError('E_TASK_UNKNOWN', 'this node does not follow the task', { facts: { taskId } });
  }
}
