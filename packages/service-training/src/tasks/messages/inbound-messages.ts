import type { Ports } from '@chorus/node';
import {
  type Announcement,
  AVAILABLE_PROTOCOL,
  decodeAvailableRequest,
  decodeFileKeyRequest,
  decodeGossip,
  decodeSummaryRequest,
  decodeVoteRequest,
  encodeMessage,
  FILE_KEY_PROTOCOL,
  type Presence,
  SUMMARY_PROTOCOL,
  type TaskState,
  type TopicMessage,
  topicOf,
  type Verdict,
  VOTE_PROTOCOL,
} from '@chorus/protocol';
import type { JournalReader } from '../../journal/journal.ts';
import type { PayloadReader } from '../../payloads/sealing/payload-form.ts';
import type { Attended } from '../../rounds/disputes/disputes.ts';
import { answerVoteRequest } from '../../rounds/stages/vote.ts';
import type { TaskRunner } from '../../rounds/task-runner.ts';
import type { Background } from '../../utils/background.ts';
import { Announcements } from './announcement.ts';

/** Members dialled concurrently: a task has at most 48, and while it is joining, any peer may claim to be one. */
const MAX_DIALS = 48;

/** Dependencies and callbacks of the inbound message handlers. */
export interface ArrivalsOptions {
  ports: Ports;
  journal: Pick<JournalReader, 'summary'>;
  reader: Pick<PayloadReader, 'keys'>;
  background: Background;
  signal: AbortSignal;
  /** The followed tasks. */
  runners: ReadonlyMap<bigint, TaskRunner>;
  /** The followed tasks, and left tasks with an open dispute. */
  attended: (taskId: bigint) => Attended | null;
  /** Whether the task is already handled, so that further announcements are ignored. */
  isKnown: (taskId: bigint) => boolean;
  /** Called for a true announcement: the task is on chain as announced. */
  announced: (task: TaskState, announcement: Announcement) => void;
  /** Called when something happened to a task on chain. */
  changed: (taskId: bigint) => void;
}

/** Everything that reaches a node from others: gossip, requests of peers, events of the chain. */
export class InboundMessages {
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
      network.handle(FILE_KEY_PROTOCOL, async (request, from) => this.#onFileKeyRequest(request, from)),
      network.handle(SUMMARY_PROTOCOL, async (request) => this.#onSummaryRequest(request)),
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
    const { ports, attended } = this.#options;
    let presence: Presence;
    try {
      const decoded = decodeGossip(message.data);
      if (decoded.type !== 'presence' || decoded.peerId !== message.from) return 'reject';
      presence = decoded;
    } catch {
      return 'reject';
    }
    const task = attended(presence.taskId);
    if (!task) return 'accept';
    // While a task is joining, its members are not known yet; once it runs, only their messages are accepted.
    if (task.known && !task.known.members.some((m) => m.peerId === message.from)) return 'ignore';
    await ports.network.learn(message.from, presence.multiaddrs);
    this.#stayWith(message.from);
    return 'accept';
  }

  /**
   * Connect to a member: one attempt at a time; after a failure, its next sign of presence starts another. Also
   * called for a connected member: the network then redials it when the connection is lost, even if the member had
   * opened it.
   */
  #stayWith(peerId: string): void {
    const { ports, background, signal } = this.#options;
    if (this.#dialling.size >= MAX_DIALS || this.#dialling.has(peerId)) return;
    this.#dialling.add(peerId);
    const attempt = ports.network
      .connect(peerId, { signal })
      .catch(() => {})
      .finally(() => this.#dialling.delete(peerId));
    background.spawn(attempt);
  }

  async #onVoteRequest(bytes: Uint8Array, from: string): Promise<Uint8Array> {
    const request = decodeVoteRequest(bytes);
    const runner = this.#options.runners.get(request.taskId);
    if (!runner?.context) return encodeMessage({ refused: 'this node does not follow the task' });
    const { session, context, settledThrough } = runner;
    return encodeMessage(await answerVoteRequest(session, context, request, from, settledThrough));
  }

  async #onAvailableRequest(bytes: Uint8Array, from: string): Promise<Uint8Array> {
    const request = decodeAvailableRequest(bytes);
    const task = this.#options.attended(request.taskId);
    if (!task?.known) return encodeMessage({ refused: 'this node does not follow the task' });
    return encodeMessage(await task.disputes.answer(task.known, request, from));
  }

  #onFileKeyRequest(bytes: Uint8Array, from: string): Uint8Array {
    const { reader, attended } = this.#options;
    const request = decodeFileKeyRequest(bytes);
    const known = attended(request.taskId)?.known;
    if (!known) return encodeMessage({ refused: 'this node does not follow the task' });
    return encodeMessage(reader.keys.answer(request, from, known));
  }

  /**
   * Serve the summary of a round that this node has followed to its settlement, to any peer: the chain binds
   * everything in it.
   */
  #onSummaryRequest(bytes: Uint8Array): Uint8Array {
    const { taskId, round } = decodeSummaryRequest(bytes);
    const summary = this.#options.journal.summary(taskId, round);
    return encodeMessage(summary ?? { refused: 'this node has not followed the round to its end' });
  }

  async #followChain(): Promise<void> {
    const { ports, signal, changed } = this.#options;
    for await (const event of ports.chain.events({ signal })) changed(event.taskId);
  }
}
