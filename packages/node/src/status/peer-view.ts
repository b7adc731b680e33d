import type { BannedPeer, PeerList } from '@chorus/admin-api';
import type { NetworkStats } from '@chorus/network';
import type { ChorusNode } from '../lifecycle/chorus-node.ts';

/** The peers a node is connected to, with what is known of each; `stats` are null if the network has none. */
export function peerList(node: ChorusNode, stats: NetworkStats | null): PeerList {
  const followed = node.followed();
  const tasksOf = (peer: string) =>
    followed.flatMap(({ taskId, context }) =>
      context?.members.some((m) => m.peerId === peer) ? [taskId.toString()] : [],
    );
  if (!stats) {
    const none = { addresses: [], direction: null, since: null, latencyMs: null, score: null, blame: null };
    return {
      peers: node.ports.network.peers().map((peerId) => ({ peerId, ...none, tasks: tasksOf(peerId) })),
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
      tasks: tasksOf(peer),
    })),
  };
}

/** A ban as the API shows it; one without end has no `until`. */
export function bannedPeer({ peer, until, reason }: NetworkStats['bans'][number]): BannedPeer {
  return { peerId: peer, reason, until: Number.isFinite(until) ? new Date(until).toISOString() : null };
}
