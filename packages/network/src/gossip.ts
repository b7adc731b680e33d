import { MAX_GOSSIP_BYTES, type TopicHandler } from '@chorus/protocol';
import {
  type GossipSub,
  type GossipSubComponents,
  gossipsub,
  type Message,
  TopicValidatorResult,
} from '@libp2p/gossipsub';
import type { PeerId } from '@libp2p/interface';
import { HEARTBEAT_MS, MAX_GOSSIP_FRAME_BYTES, SEEN_TTL_MS } from './limits.ts';
import { meterGossip } from './meter.ts';
import type { PeerBook } from './peer-book.ts';

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
export function gossipService(book: PeerBook) {
  const create = gossipsub({
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
      appSpecificScore: (peer) => -book.points(peer),
      // One broken promise or early graft is an accident on a busy machine.
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyWeight: -1,
      behaviourPenaltyDecay: 0.9,
    },
  });
  return (components: GossipSubComponents): GossipSub =>
    create(meterGossip(components, (peer) => book.blame(peer, 'gossip-flood')));
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

/**
 * A gossipsub validator from a topic handler. Gossipsub forwards and delivers after the verdict, so handling
 * a message and judging it are one step. A handler that throws drops the message and blames nobody: the fault
 * is here.
 */
export function validatorOf(
  topic: string,
  handler: TopicHandler,
  onReject: (peer: PeerId) => void,
): Validator {
  return async (peer, message) => {
    if (message.type !== 'signed' || message.data.length > MAX_GOSSIP_BYTES) {
      onReject(peer);
      return TopicValidatorResult.Reject;
    }
    // A copy: the message is a view of the frame it came in, and gossipsub passes on what it received.
    const data = new Uint8Array(message.data);
    const verdict = await handler({ topic, data, from: message.from.toString() });
    if (verdict === 'accept') return TopicValidatorResult.Accept;
    if (verdict === 'ignore') return TopicValidatorResult.Ignore;
    onReject(peer);
    return TopicValidatorResult.Reject;
  };
}
