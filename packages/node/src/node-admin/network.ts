import type { BanList, BannedPeer, BanRequest, PeerList } from '@chorus/admin-api';
import { ChorusError } from '@chorus/protocol';
import type { NetworkSource } from '../admin/host-areas/network.ts';
import type { Service } from '../service/service.ts';
import { bannedPeer, peerList } from '../status/peer-view.ts';
import type { AttachedNode } from './attached-node.ts';

/** Peers and bans. */
export function networkSource(attached: AttachedNode, services: () => readonly Service[]): NetworkSource {
  return {
    async peers(): Promise<PeerList> {
      const { network } = attached.running().node.ports;
      const describe = (peer: string) =>
        Object.assign({}, ...services().map((service) => service.describePeer?.(peer)));
      return peerList(network, describe, (await attached.network()?.stats()) ?? null);
    },

    async bans(): Promise<BanList> {
      const bans = attached.network()?.bans() ?? [];
      return { bans: bans.map(bannedPeer) };
    },

    async ban({ peerId, seconds, reason }: BanRequest): Promise<BannedPeer> {
      const network = attached.network();
      network?.ban(peerId, {
        ...(seconds === undefined ? {} : { ms: 1000 * seconds }),
        ...(reason === undefined ? {} : { reason }),
      });
      const banned = network?.bans().find(({ peer }) => peer === peerId);
      if (!banned) throw new ChorusError('E_ADMIN_NOT_READY', 'this network keeps no bans');
      return bannedPeer(banned);
    },

    async unban(peerId: string): Promise<void> {
      attached.network()?.unban(peerId);
    },
  };
}
