import type { AgentRegistry } from '@chorus/directory';
import { ANSWERS_PROTOCOL, type Ask, digestOfAsk, encodeAnswers, readAsk } from '@chorus/market';
import type { NetworkPort, TopicMessage, Verdict } from '@chorus/protocol';
import { BoundedSet } from '@chorus/utils';
import pLimit from 'p-limit';
import { PeerBuckets } from '../peers/peer-buckets.ts';
import {
  ANSWER_MILLISECONDS,
  ANSWERS_AT_ONCE,
  ASKS,
  ASKS_PER_PEER,
  CLOCK_SECONDS,
  MAX_PEERS,
  MAX_SEEN,
  MAX_WAITING,
} from './limits.ts';

/** Bytes of who asked, that it has the answers. */
const REPLY_BYTES = 512;

export interface AskListenerOptions {
  network: Pick<NetworkPort, 'learn' | 'request'>;
  registry: AgentRegistry;
  /** Signed answers of this node, and what they offer in words; none if nothing fits. */
  answersTo: (ask: Ask, digest: Uint8Array) => { answers: Uint8Array[]; offers: string };
  onAnswered: (peer: string, offers: string) => void;
  signal: AbortSignal;
}

/** Asks of the network: each is read, bounded and passed on; those that an offer of this node fits are answered. */
export class AskListener {
  readonly #options: AskListenerOptions;
  readonly #buckets = new PeerBuckets(ASKS_PER_PEER, ASKS, MAX_PEERS);
  readonly #seen = new BoundedSet<string>(MAX_SEEN);
  readonly #sending = pLimit(ANSWERS_AT_ONCE);

  constructor(options: AskListenerOptions) {
    this.#options = options;
  }

  /** An ask of gossip: its author is the peer that it names. */
  onMessage({ data, from }: Pick<TopicMessage, 'data' | 'from'>): Verdict {
    let ask: Ask;
    try {
      ask = readAsk(this.#options.registry, data);
    } catch {
      return 'reject';
    }
    if (ask.peer !== from) return 'reject';
    // Clocks and rates are views of this node: no other one is at fault for passing it on.
    if (!this.#isTimely(ask)) return 'ignore';
    const digest = digestOfAsk(data);
    const key = Buffer.from(digest).toString('hex');
    if (this.#seen.has(key) || !this.#buckets.take(from)) return 'ignore';
    this.#seen.add(key);
    this.#answer(ask, digest);
    return 'accept';
  }

  /** An ask that a peer has sent to this node alone. @returns signed answers */
  onDirect(data: Uint8Array, from: string): Uint8Array[] {
    const ask = readAsk(this.#options.registry, data);
    if (ask.peer !== from || !this.#isTimely(ask)) return [];
    return this.#options.answersTo(ask, digestOfAsk(data)).answers;
  }

  #isTimely({ issuedAt, expiresAt }: Ask): boolean {
    const now = Date.now() / 1_000;
    return issuedAt <= now + CLOCK_SECONDS && expiresAt > now;
  }

  #answer(ask: Ask, digest: Uint8Array): void {
    const { network, answersTo, onAnswered, signal } = this.#options;
    if (this.#sending.pendingCount >= MAX_WAITING) return;
    const { answers, offers } = answersTo(ask, digest);
    if (answers.length === 0) return;
    void this.#sending(async () => {
      if (signal.aborted) return;
      await network.learn(ask.peer, ask.addresses);
      const options = { timeoutMs: ANSWER_MILLISECONDS, maxResponseBytes: REPLY_BYTES, signal };
      await network.request(ask.peer, ANSWERS_PROTOCOL, encodeAnswers(answers), options);
      onAnswered(ask.peer, offers);
      // Who asks has to be reachable: nothing is lost if it is not.
    }).catch(() => undefined);
  }
}
