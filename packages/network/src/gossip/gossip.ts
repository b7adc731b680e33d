import { createHash } from 'node:crypto';
import { MAX_GOSSIP_BYTES, type TopicHandler } from '@chorus/protocol';
import { type GossipSubComponents, gossipsub, TopicValidatorResult } from '@libp2p/gossipsub';
import { RateLimiter } from '@libp2p/utils';
import {
  BLAME_WEIGHT,
  GOSSIP_OVERHEAD_BYTES,
  HEARTBEAT_MS,
  MAX_GOSSIP_FRAME_BYTES,
  MAX_JUDGED_PER_WINDOW,
  MAX_PASSED_BYTES_PER_WINDOW,
  MAX_PEER_SCORE,
  MAX_TOPIC_MESSAGES_PER_WINDOW,
  RATE_WINDOW_S,
  SEEN_TTL_MS,
} from '../core/limits.ts';
import { reportForgers, type ScoredGossip, type Validator } from '../patches/gossipsub.ts';
import type { Offence, PeerReputation } from '../peers/peer-reputation.ts';
import { limitGossip } from './rate-limiter.ts';
import { ReplayGuard } from './replay-guard.ts';

export interface GossipOptions {
  book: PeerReputation;
  /** Additional score of a peer, for example from its stake. */
  peerScore: (peer: string) => number;
}

/** Messages of one topic by outcome. */
export interface GossipCounts {
  accepted: number;
  ignored: number;
  rejected: number;
  /** Messages published by this node. */
  published: number;
}

/**
 * Gossipsub 1.2 (libp2p specs, pubsub/gossipsub) set up for swarms of a few to a few hundred nodes with
 * little traffic:
 *
 * - strictly signed: a message without a valid signature of its sender is dropped before any handler;
 * - a publisher sends to every subscriber it is connected to (flood publishing), so that a message does not
 *   wait for the mesh to form;
 * - no score for mesh delivery rate (it punishes quiet topics) and none for sharing an address (a local swarm and a
 *   household behind one NAT share one): `PeerReputation` counts a peer's offences.
 */
export function gossipService({ book, peerScore }: GossipOptions) {
  const create = gossipsub({
    runOnLimitedConnection: true,
    globalSignaturePolicy: 'StrictSign',
    emitSelf: false,
    floodPublish: true,
    allowPublishToZeroTopicPeers: true,
    fallbackToFloodsub: false,
    canRelayMessage: false,
    doPX: false,
    D: 8,
    Dlo: 6,
    Dhi: 12,
    heartbeatInterval: HEARTBEAT_MS,
    // In heartbeats: ids are offered for 3 s and messages kept for 6 s, as with the default beat of 1 s.
    mcacheGossip: 6,
    mcacheLength: 12,
    // Neighbours that dropped a link may restore it soon: with few nodes there is no one else.
    pruneBackoff: 10_000,
    unsubcribeBackoff: 2_000,
    graftFloodThreshold: 2_000,
    seenTTL: SEEN_TTL_MS,
    fastMsgIdFn: fastMessageId,
    maxInboundDataLength: MAX_GOSSIP_FRAME_BYTES,
    maxTopicBytesPerPeer: 64 * 1024,
    decodeRpcLimits: {
      maxSubscriptions: 64,
      maxMessages: 64,
      maxIhaveMessageIDs: 1024,
      maxIwantMessageIDs: 1024,
      maxControlMessages: 64,
      maxIdontwantMessageIDs: 256,
      maxPeerInfos: 16,
    },
    scoreParams: {
      IPColocationFactorWeight: 0,
      appSpecificWeight: 1,
      appSpecificScore: (peer) => boundedPeerScore(peerScore, peer) - BLAME_WEIGHT * book.points(peer),
      // One broken promise or early graft is an accident on a busy machine.
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyWeight: -1,
      behaviourPenaltyDecay: 0.9,
    },
  });
  return (components: GossipSubComponents): ScoredGossip => {
    const metered = limitGossip(components, (peer) => book.blame(peer, 'gossip-flood'));
    const pubsub = create(metered) as ScoredGossip;
    reportForgers(pubsub, (from) => book.blame(from, 'forged-message'));
    return pubsub;
  };
}

type SignedFields = { from?: Uint8Array; seqno?: Uint8Array; signature?: Uint8Array } & {
  key?: Uint8Array;
  topic: string;
  data?: Uint8Array;
};

/**
 * Tells a copy of a message from others before its signature is checked, which costs ten times as much; each message
 * comes from several neighbours. Every field counts, even the signature: gossipsub remembers the ids of validly
 * signed messages only, so no peer can pass off another's message as a copy.
 */
export function fastMessageId({ from, seqno, signature, key, topic, data }: SignedFields): string {
  const hash = createHash('sha256');
  for (const part of [from, seqno, signature, key, topic, data]) {
    hash.update(`${part?.length ?? -1},`);
    if (part) hash.update(part);
  }
  return hash.digest('base64');
}

/** A peer's additional score: a number within bounds; 0 if the given function fails. */
export function boundedPeerScore(peerScore: (peer: string) => number, peer: string): number {
  try {
    const value = peerScore(peer);
    return Number.isNaN(value) ? 0 : Math.max(-MAX_PEER_SCORE, Math.min(MAX_PEER_SCORE, value));
  } catch {
    return 0;
  }
}

/**
 * Decides on messages before they are handled or passed on. Gossipsub forwards and delivers after the verdict, so
 * handling and validating a message are one step.
 *
 * Before the handler is asked: unsigned and oversized messages are rejected; those of banned authors, those that were
 * seen before, and those beyond an author's rate on the topic, or beyond what one neighbour may bring, are ignored. A
 * handler that throws drops the message without blame: the fault is this node's.
 *
 * An accepted message is passed on only within the rate that every neighbour accepts without blame: otherwise a few
 * peers that each keep to their limit could make honest nodes ban each other.
 */
export class Judge {
  readonly counts = new Map<string, GossipCounts>();
  readonly #book: PeerReputation;
  readonly #replays = new ReplayGuard();
  readonly #rate = limiter(MAX_TOPIC_MESSAGES_PER_WINDOW);
  readonly #brought = limiter(MAX_JUDGED_PER_WINDOW);
  readonly #passed = limiter(MAX_PASSED_BYTES_PER_WINDOW);

  constructor(book: PeerReputation) {
    this.#book = book;
  }

  /** Handles messages of topics that this node did not subscribe to: checking their signatures was wasted work. */
  readonly stranger: Validator = (peer) => {
    this.#mayBring(peer.toString());
    return TopicValidatorResult.Ignore;
  };

  countsOf(topic: string): GossipCounts {
    const counts = this.counts.get(topic) ?? { accepted: 0, ignored: 0, rejected: 0, published: 0 };
    this.counts.set(topic, counts);
    return counts;
  }

  /** A gossipsub validator from a topic handler. */
  validatorOf(topic: string, handler: TopicHandler): Validator {
    const counts = this.countsOf(topic);
    return async (peer, message) => {
      const from = peer.toString();
      if (message.type !== 'signed' || message.data.length > MAX_GOSSIP_BYTES) {
        return this.#reject(from, counts);
      }
      const author = message.from.toString();
      const offence = this.#refusal(topic, from, author, message.sequenceNumber);
      if (offence !== undefined) {
        counts.ignored++;
        if (offence) this.#book.blame(from, offence);
        return TopicValidatorResult.Ignore;
      }
      // A copy: the message is a view of the frame it came in, and gossipsub passes on what it received.
      const data = new Uint8Array(message.data);
      const verdict = await handler({ topic, data, from: author, via: from });
      if (verdict === 'reject') return this.#reject(from, counts);
      counts[verdict === 'accept' ? 'accepted' : 'ignored']++;
      const passOn = verdict === 'accept' && this.#mayPass(data.length);
      return passOn ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore;
    };
  }

  #mayBring(from: string): boolean {
    if (takes(this.#brought, from, 1)) return true;
    this.#book.blame(from, 'gossip-flood');
    return false;
  }

  #mayPass(bytes: number): boolean {
    return takes(this.#passed, 'all', bytes + GOSSIP_OVERHEAD_BYTES);
  }

  #reject(from: string, counts: GossipCounts): TopicValidatorResult {
    counts.rejected++;
    this.#book.blame(from, 'rejected-message');
    return TopicValidatorResult.Reject;
  }

  /** Reason to drop a message before the handler: an offence of the peer that passed it on, or null without blame. */
  #refusal(topic: string, from: string, author: string, sequence: bigint): Offence | null | undefined {
    if (!this.#mayBring(from) || this.#book.isBanned(author)) return null;
    // Other peers may pass on messages that they could not count yet, or that were replayed to them after their
    // start; only the author itself certainly knows.
    const own = from === author;
    if (!takes(this.#rate, `${author} ${topic}`, 1)) return own ? 'topic-flood' : null;
    if (this.#replays.admit(author, sequence)) return undefined;
    return own ? 'replayed-message' : null;
  }
}

const limiter = (points: number) => new RateLimiter({ points, duration: RATE_WINDOW_S, keyPrefix: '' });

/** Whether this window has that much left. */
function takes(of: RateLimiter, key: string, points: number): boolean {
  try {
    of.consume(key, points);
    return true;
  } catch {
    return false;
  }
}
