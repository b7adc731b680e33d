import type { NetworkStats } from '@chorus/network';
import type { NetworkPort } from '@chorus/protocol';

/** What the libp2p network offers beyond the port. */
export interface NetworkDetails extends NetworkPort {
  stats(): Promise<NetworkStats>;
  traffic(): { in: number; out: number };
  ban(peer: string, options?: { ms?: number; reason?: string }): void;
  unban(peer: string): void;
  bans(): NetworkStats['bans'];
}

/** The network with its details; null for an in-memory network, which has none. */
export function detailsOf(network: NetworkPort): NetworkDetails | null {
  return 'stats' in network && 'bans' in network ? (network as NetworkDetails) : null;
}
