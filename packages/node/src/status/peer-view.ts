import type { BannedPeer, PeerList } from '@chorus/admin-api';
import type { NetworkStats } from '@chorus/network';
import type { NetworkPort } from '@chorus/protocol';

/**
 * The peers a node is connected to, with what is known of each.
 * @param describe what the services know of a peer
 * @param stats null if the network has none
 */
export function peerList(
  network: Pick<NetworkPort, 'peers'>,
  describe: (peerId: string) => object,
  stats: NetworkStats | null,
): PeerList {
  if (!stats) {
    const none = { addresses: [], direction: null, since: null, latencyMs: null, score: null, blame: null };
    return {
      peers: network.peers().map((peerId) => ({ peerId, ...none, tasks: [], ...describe(peerId) })),
    };
  }
  return {
    peers: stats.peers.map(({ peer, connections, score, blame }) => ({
      peerId: peer,
      addresses: connections.map(({ address }) => address),
      direction: connections[0]?.direction ?? null,
      since: connections[0] ? new Date(Math.min(...connections.map((c) => c.since))).toISOString() : null,
      latencyMs: connections.find((c) => c.latencyMs !== null)?.latencyMs ?? null,
      score,
      blame,
      tasks: [],
      ...describe(peer),
    })),
  };
}

/** A ban as the API shows it; one without end has no `until`. */
export function bannedPeer({ peer, until, reason }: NetworkStats['bans'][number]): BannedPeer {
  return { peerId: peer, reason, until: Number.isFinite(until) ? new Date(until).toISOString() : null };
}
