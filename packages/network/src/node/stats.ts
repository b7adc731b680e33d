import type { Connection, Libp2p } from '@libp2p/interface';
import type { Bandwidth, Bytes } from '../bandwidth/bandwidth.ts';
import type { GossipCounts } from '../gossip/gossip.ts';
import type { ScoredGossip } from '../patches/gossipsub.ts';
import type { Ban, PeerReputation } from '../peers/peer-reputation.ts';

/** Events that a node reports while it is connected, for logs, metrics and an event stream. */
export type NetworkEvent =
  | { type: 'peer-connected'; peer: string; address: string; direction: 'inbound' | 'outbound' }
  | { type: 'peer-disconnected'; peer: string }
  | { type: 'banned'; peer: string; until: number; reason: string }
  | { type: 'addresses-changed'; addresses: string[] }
  | { type: 'warning'; message: string };

export interface ConnectionStats {
  address: string;
  direction: 'inbound' | 'outbound';
  /** Unix milliseconds. */
  since: number;
  /** Round trip of the last ping, milliseconds; null before the first. */
  latencyMs: number | null;
  /** Time of the last received byte, unix milliseconds; null for QUIC. Long ago on a dead connection. */
  heardAt: number | null;
  streams: number;
  /** Whether it goes through a relay that limits bytes and time. */
  relayed: boolean;
}

export interface PeerStats {
  peer: string;
  /** Name that the peer gives itself; not trustworthy. */
  agent: string | null;
  protocols: string[];
  connections: ConnectionStats[];
  bytes: Bytes;
  /** Gossipsub's score; below 0 it gets no new messages from this node, at -80 it is ignored. */
  score: number;
  /** Blame, 0 to 100; at 100 it is banned. */
  blame: number;
  /** Its score by `peerScore`. */
  peerScore: number;
}

export interface TopicStats extends GossipCounts {
  topic: string;
  /** Connected peers that subscribe to the topic. */
  subscribers: number;
  /** Those of them in the mesh, which exchange messages directly. */
  mesh: number;
}

export interface NetworkStats {
  peerId: string;
  addresses: string[];
  peers: PeerStats[];
  connections: { inbound: number; outbound: number; relayed: number };
  bytes: Bytes;
  /** By protocol id, without the overhead of encryption. */
  protocols: Record<string, Bytes>;
  topics: TopicStats[];
  requests: RequestCounts;
  /** Peers that should be connected but are not. */
  lost: string[];
  bans: Ban[];
}

/** Requests received from others since the start. */
export interface RequestCounts {
  served: number;
  /** Requests that were malformed or beyond a peer's limit. */
  refused: number;
  /** Requests whose handler threw, or whose peer left. */
  failed: number;
}

export function connectionStats(connection: Connection, traffic: Bandwidth): ConnectionStats {
  return {
    address: connection.remoteAddr.toString(),
    direction: connection.direction,
    since: connection.timeline.open,
    latencyMs: connection.rtt ?? null,
    heardAt: traffic.lastHeard(connection),
    streams: connection.streams.length,
    relayed: connection.limits !== undefined,
  };
}

/** One line for each connected peer. */
export async function peerStats(
  libp2p: Libp2p<{ pubsub: ScoredGossip }>,
  book: PeerReputation,
  traffic: Bandwidth,
  peerScore: (peer: string) => number,
): Promise<PeerStats[]> {
  return await Promise.all(
    libp2p.getPeers().map(async (id) => {
      const peer = id.toString();
      const known = await libp2p.peerStore.get(id).catch(() => undefined);
      const agent = known?.metadata.get('AgentVersion');
      return {
        peer,
        agent: agent ? new TextDecoder().decode(agent.subarray(0, 200)) : null,
        protocols: known?.protocols.slice(0, 100) ?? [],
        connections: libp2p.getConnections(id).map((connection) => connectionStats(connection, traffic)),
        bytes: traffic.of(peer),
        score: libp2p.services.pubsub.getScore(peer),
        blame: book.points(peer),
        peerScore: peerScore(peer),
      };
    }),
  );
}
