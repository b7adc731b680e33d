import { MAX_GOSSIP_BYTES, type TopicHandler } from '@chorus/protocol';
import {
  type GossipSub,
  type GossipSubComponents,
  gossipsub,
  type Message,
  TopicValidatorResult,
} from '@libp2p/gossipsub';
import type { PeerId } from '@libp2p/interface';
import { RateLimiter } from '@libp2p/utils';
import {
  BLAME_WEIGHT,
  HEARTBEAT_MS,
  MAX_GOSSIP_FRAME_BYTES,
  MAX_STANDING,
  MAX_TOPIC_MESSAGES_PER_WINDOW,
  RATE_WINDOW_S,
  SEEN_TTL_MS,
} from './limits.ts';
import { meterGossip } from './meter.ts';
import type { Offence, PeerBook } from './peer-book.ts';
import { ReplayGuard } from './replay.ts';

export interface GossipOptions {
  book: PeerBook;
  /** What else this node holds of a peer, such as its stake. */
  standing: (peer: string) => number;
}

/** Methods of gossipsub's class that its interface leaves out. */
export type ScoredGossip = GossipSub & {
  getScore(peer: string): number;
  getMeshPeers(topic: string): string[];
};

/** Messages of one topic, by what became of them. */
export interface GossipCounts {
  accepted: number;
  ignored: number;
  rejected: number;
  /** By this node. */
  published: number;
}

type Validator = (peer: PeerId, message: Message) => TopicValidatorResult | Promise<TopicValidatorResult>;

/**
 * Gossipsub 1.2 (libp2p specs, pubsub/gossipsub) set up for swarms of a few to a few hundred nodes with
 * little traffic:
 *
 * - strictly signed: a message without a valid signature of its sender is dropped before any handler;
 * - a publisher sends to every subscriber it is connected to (flood publishing), so that a message does not
 *   wait for the mesh to form;
 * - no score for mesh delivery rate (it punishes quiet topics) and none for sharing an address (a local swarm
 *   and a household behind one NAT share one): what a peer is blamed for is counted in `PeerBook`.
 */
export function gossipService({ book, standing }: GossipOptions) {
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
    // Neighbours that dropped a link may take it up again soon: with few nodes there is no one else.
    pruneBackoff: 10_000,
    unsubcribeBackoff: 2_000,
    graftFloodThreshold: 2_000,
    seenTTL: SEEN_TTL_MS,
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
      appSpecificScore: (peer) => boundedStanding(standing, peer) - BLAME_WEIGHT * book.points(peer),
      // One broken promise or early graft is an accident on a busy machine.
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyWeight: -1,
      behaviourPenaltyDecay: 0.9,
    },
  });
  return (components: GossipSubComponents): ScoredGossip =>
    create(meterGossip(components, (peer) => book.blame(peer, 'gossip-flood'))) as ScoredGossip;
}

/**
 * The validators of a node's own topics, and `ignore` for every other topic: without one gossipsub would cache
 * and forward messages of topics that nobody here has asked for.
 */
class TopicValidators extends Map<string, Validator> {
  override get(topic: string): Validator {
    return super.get(topic) ?? ignore;
  }
}

const ignore: Validator = () => TopicValidatorResult.Ignore;

/** Let only topics with a handler through. Call once, before the first message. */
export function guardTopics(pubsub: GossipSub): void {
  pubsub.topicValidators = new TopicValidators();
}

/** A standing as it counts: a number within bounds; 0 where the function given fails. */
export function boundedStanding(standing: (peer: string) => number, peer: string): number {
  try {
    const value = standing(peer);
    return Number.isNaN(value) ? 0 : Math.max(-MAX_STANDING, Math.min(MAX_STANDING, value));
  } catch {
    return 0;
  }
}

/**
 * Judges messages before they are handled or passed on. Gossipsub forwards and delivers after the verdict, so
 * handling a message and judging it are one step.
 *
 * Before the handler is asked: unsigned and oversized messages are rejected; those of banned authors, those that
 * were seen before, and those beyond an author's rate on the topic are ignored. A handler that throws drops the
 * message and blames nobody: the fault is here.
 */
export class Judge {
  readonly counts = new Map<string, GossipCounts>();
  readonly #book: PeerBook;
  readonly #replays = new ReplayGuard();
  readonly #rate = new RateLimiter({
    points: MAX_TOPIC_MESSAGES_PER_WINDOW,
    duration: RATE_WINDOW_S,
    keyPrefix: '',
  });

  constructor(book: PeerBook) {
    this.#book = book;
  }

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
      const verdict = await handler({ topic, data, from: author });
      if (verdict === 'reject') return this.#reject(from, counts);
      counts[verdict === 'accept' ? 'accepted' : 'ignored']++;
      return verdict === 'accept' ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore;
    };
  }

  #reject(from: string, counts: GossipCounts): TopicValidatorResult {
    counts.rejected++;
    this.#book.blame(from, 'rejected-message');
    return TopicValidatorResult.Reject;
  }

  /** Why a message is not even looked at: an offence of who passed it on, or null where nobody is to blame. */
  #refusal(topic: string, from: string, author: string, sequence: bigint): Offence | null | undefined {
    if (this.#book.isBanned(author)) return null;
    try {
      this.#rate.consume(`${author} ${topic}`);
    } catch {
      // Others pass on what they could not count yet; only the author itself is sure to know.
      return from === author ? 'topic-flood' : null;
    }
    return this.#replays.admit(author, sequence) ? undefined : 'replayed-message';
  }
}
