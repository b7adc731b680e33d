import { readRawTransaction, readVerifier, type VerifierOnChain } from '@chorus/chain';
import type { Ports, Service } from '@chorus/node';
import { type Address, ChorusError, type Hex, sameAddress } from '@chorus/protocol';
import { type Dataset, globalParameters } from '@chorus/training';
import { TRAINING_REGISTRATION } from '../identity/registration.ts';
import type { JournalReader } from '../journal/journal.ts';
import type { TaskBudget } from '../policy/task-budget.ts';
import type { TaskRunner } from '../rounds/task-runner.ts';
import { keptFiles } from '../status/kept-files.ts';
import { StatusView } from '../status/status-view.ts';
import type { TaskRequest } from '../tasks/announce.ts';
import type { PublishOptions } from '../tasks/create-task.ts';
import { type FollowedTask, followedTasks } from '../tasks/followed-task.ts';
import { leaveTask } from '../tasks/leave-task.ts';
import { InboundMessages } from '../tasks/messages/inbound-messages.ts';
import { peerScore } from '../tasks/peer-score.ts';
import { PublicationQueue } from '../tasks/publication-queue.ts';
import { Requester } from '../tasks/requester.ts';
import type { JoinOutcome } from '../tasks/task-intake.ts';

import type { TrainingParts } from './training-parts.ts';

/** Training in a running node: listens for tasks, joins those its roles and data fit, and lives through their rounds. */
export class TrainingService implements Service {
  readonly #parts: TrainingParts;
  readonly #requester: Requester;
  readonly #inbound: InboundMessages;
  /** Tasks that are published in the background: for the admin API. */
  readonly publications: PublicationQueue;
  /** What the admin API and the metrics show. */
  readonly view: StatusView;
  readonly peerScore: (peerId: string) => number;

  constructor(parts: TrainingParts) {
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
    this.view = new StatusView(this, parts.config);
    this.peerScore = peerScore(() => this.followed());
  }

  get ports(): Ports {
    return this.#parts.ports;
  }

  /** Keeps the contributor's limits for training tasks. */
  get budget(): TaskBudget {
    return this.#parts.budget;
  }

  /** What this node did and earned. */
  get journal(): JournalReader {
    return this.#parts.journal;
  }

  /** The registration file of this node's identity, as a URI. */
  get registrationUri(): () => string {
    return this.#parts.registrationUri;
  }

  /** Aborted when the node closes. */
  get signal(): AbortSignal {
    return this.#parts.signal;
  }

  registration = () => TRAINING_REGISTRATION;

  /** Begin to listen, and take up the tasks of an earlier run. */
  async start(): Promise<void> {
    const { journal, left, refused, files, background, completion, intake } = this.#parts;
    await left.load();
    await refused.load();
    // Before listening, so that an announcement of such a task does not begin it a second time.
    const known = journal.tasks().filter((task) => task.state !== 'ended');
    for (const taskId of new Set([...known.map((task) => task.taskId), ...(await files.list())])) {
      intake.takeUp(taskId);
    }
    background.spawn(background.retrying(() => completion.payout.recover()));
    for (const publication of journal.publications.open()) this.publications.resume(publication);
    this.#inbound.listen();
    background.spawn(background.retrying(() => intake.tellLate()));
  }

  async stop(): Promise<void> {
    const { background, intake, runners, proving } = this.#parts;
    this.#inbound.close();
    await Promise.all([background.finished(), intake.settled()]);
    await Promise.allSettled([...runners.values()].map((runner) => runner.session.trainer.close()));
    await proving.close();
  }

  status(): Promise<object> {
    return this.view.status();
  }

  /** The tasks that a peer is a member of. */
  describePeer(peerId: string): object {
    const tasks = this.followed().flatMap(({ taskId, context }) =>
      context?.members.some((member) => member.peerId === peerId) ? [taskId.toString()] : [],
    );
    return { tasks };
  }

  pinned(): string[] {
    return [...keptFiles(this.followed()), ...this.publications.models()];
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

  /** The verifier with which the chain checks the settlements of a task. */
  verifier(address: Address): Promise<VerifierOnChain> {
    const { config, ports } = this.#parts;
    return readVerifier({ url: config.chain.url, contract: ports.chain.contract, verifier: address });
  }

  /** A whole transaction as it was signed; null if the chain's endpoint does not give it. */
  rawTransaction(hash: Hex): Promise<Hex | null> {
    return readRawTransaction({ url: this.#parts.config.chain.url, hash });
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

  /** The followed tasks that pay rewards in `token`. */
  tasksPaying(token: Address): bigint[] {
    return this.followed().flatMap(({ task }) => (task && sameAddress(task.token, token) ? [task.id] : []));
  }

  /** Every task this node has to do with, those it has left included. */
  followed(): FollowedTask[] {
    const { runners, completion, budget } = this.#parts;
    return followedTasks(runners.values(), completion.departed.values(), budget);
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

  /** Loss and accuracy of that model on a data set of this node's; texts are divided into tokens first. */
  async evaluate(
    taskId: bigint,
    dataset: Dataset,
  ): Promise<{ loss: number; accuracy: number; count: number }> {
    const { trainer, model, texts } = this.#runner(taskId).session;
    const parameters = globalParameters(model);
    return trainer.evaluate({ parameters, dataset: await texts.fit(dataset) });
  }

  /**
   * Whether the model this node computed opens the sum of all aggregate commitments on chain: one
   * multi-scalar multiplication for the whole training history.
   */
  async opensCommitment(taskId: bigint): Promise<boolean> {
    const task = await this.ports.chain.task(taskId);
    return this.#runner(taskId).history.opens(task.totalCommitment);
  }

  #runner(taskId: bigint): TaskRunner {
    const runner = this.#parts.runners.get(taskId);
    if (runner) return runner;
    throw new ChorusError('E_TASK_UNKNOWN', 'this node does not follow the task', { facts: { taskId } });
  }
}
