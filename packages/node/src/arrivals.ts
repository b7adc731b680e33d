import {
  type Announcement,
  AVAILABLE_PROTOCOL,
  decodeAvailableRequest,
  decodeGossip,
  decodeVoteRequest,
  encodeMessage,
  type Presence,
  type TaskState,
  type TopicMessage,
  topicOf,
  type Verdict,
  VOTE_PROTOCOL,
} from '@chorus/protocol';
import { Announcements } from './announcements.ts';
import { answerAvailableRequest } from './availability.ts';
import type { Background } from './background.ts';
import type { Ports } from './ports.ts';
import type { TaskRunner } from './task-runner.ts';
import { answerVoteRequest } from './verdicts.ts';

/** Members dialled at a time: a task has 48 at most, and while it is joined anybody may say to be one. */
const MAX_DIALS = 48;

/** What arrives is judged by, and handed on to. */
export interface ArrivalsOptions {
  ports: Ports;
  background: Background;
  signal: AbortSignal;
  /** The tasks that are followed. */
  runners: ReadonlyMap<bigint, TaskRunner>;
  /** Nothing new is to be heard of this task. */
  isKnown: (taskId: bigint) => boolean;
  /** A task was announced that is on chain as announced. */
  announced: (task: TaskState, announcement: Announcement) => void;
  /** Something happened to a task on chain. */
  changed: (taskId: bigint) => void;
}

/** Everything that reaches a node from others: gossip, requests of peers, events of the chain. */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #announcements: Announcements;
  readonly #dialling = new Set<string>();
  readonly #unsubscribe: (() => void)[] = [];

  constructor(options: ArrivalsOptions) {
    this.#options = options;
    this.#announcements = new Announcements(options.ports);
  }

  listen(): void {
    const { chain, network } = this.#options.ports;
    const topic = (kind: 'tasks' | 'presence') => topicOf(kind, chain.chainId, chain.contract);
    this.#unsubscribe.push(
      network.subscribe(topic('tasks'), (m) => this.#onTask(m)),
      network.subscribe(topic('presence'), (m) => this.#onPresence(m)),
      network.handle(VOTE_PROTOCOL, (request, from) => this.#onVoteRequest(request, from)),
      network.handle(AVAILABLE_PROTOCOL, (request, from) => this.#onAvailableRequest(request, from)),
    );
    this.#options.background.spawn(this.#followChain());
  }

  /** Events of the chain end with the signal. */
  close(): void {
    for (const end of this.#unsubscribe.splice(0)) end();
  }

  async #onTask(message: TopicMessage): Promise<Verdict> {
    const { ports, isKnown, announced } = this.#options;
    let announcement: Announcement;
    try {
      const decoded = decodeGossip(message.data);
      if (decoded.type !== 'announcement' || decoded.peerId !== message.from) return 'reject';
      announcement = decoded;
    } catch {
      return 'reject';
    }
    const known = isKnown(announcement.taskId);
    const { verdict, task } = await this.#announcements.judge(announcement, message.via, known);
    if (task) {
      await ports.network.learn(message.from, announcement.multiaddrs);
      announced(task, announcement);
    }
    return verdict;
  }

  async #onPresence(message: TopicMessage): Promise<Verdict> {
    const { ports, runners } = this.#options;
    let presence: Presence;
    try {
      const decoded = decodeGossip(message.data);
      if (decoded.type !== 'presence' || decoded.peerId !== message.from) return 'reject';
      presence = decoded;
    } catch {
      return 'reject';
    }
    const runner = runners.get(presence.taskId);
    if (!runner) return 'accept';
    // While a task is joining its members are not known yet; once it runs, only they are listened to.
    const members = runner.context?.members;
    if (members && !members.some((m) => m.peerId === message.from)) return 'ignore';
    await ports.network.learn(message.from, presence.multiaddrs);
    this.#dial(message.from);
    return 'accept';
  }

  /** Connect to a member, one attempt at a time; where it fails, its next sign of presence brings another. */
  #dial(peerId: string): void {
    const { ports, background, signal } = this.#options;
    const { network } = ports;
    if (this.#dialling.size >= MAX_DIALS || this.#dialling.has(peerId) || network.peers().includes(peerId))
      return;
    this.#dialling.add(peerId);
    const attempt = network
      .connect(peerId, { signal })
      .catch(() => {})
      .finally(() => this.#dialling.delete(peerId));
    background.spawn(attempt);
  }

  async #onVoteRequest(bytes: Uint8Array, from: string): Promise<Uint8Array> {
    const request = decodeVoteRequest(bytes);
    const runner = this.#options.runners.get(request.taskId);
    if (!runner?.context) return encodeMessage({ refused: 'this node does not follow the task' });
    const { session, context, modelRound } = runner;
    return encodeMessage(await answerVoteRequest(session, context, request, from, modelRound));
  }

  async #onAvailableRequest(bytes: Uint8Array, from: string): Promise<Uint8Array> {
    const request = decodeAvailableRequest(bytes);
    const runner = this.#options.runners.get(request.taskId);
    if (!runner?.context) return encodeMessage({ refused: 'this node does not follow the task' });
    return encodeMessage(await answerAvailableRequest(runner.session, runner.context, request, from));
  }

  async #followChain(): Promise<void> {
    const { ports, signal, changed } = this.#options;
    for await (const event of ports.chain.events({ signal })) changed(event.taskId);
  }
}
