import type { Libp2p, PeerId } from '@libp2p/interface';
import { MAX_REMEMBERED_STRANGERS } from '../core/limits.ts';

/** Tag in libp2p's peer store for peers that this node learnt of from others. */
export const KNOWN = { 'chorus-known': { value: 1 } };

/**
 * Prune peers that connected and left from the peer store, the ones that left longest ago first. libp2p keeps a
 * record of every identity that ever connected, some kilobytes each, and removes old ones only when it reads all of
 * them; identities cost nothing. Tagged records stay: members of tasks, peers to reconnect, the DHT's.
 */
export function prunePeerStore(
  libp2p: Pick<Libp2p, 'addEventListener' | 'removeEventListener' | 'getConnections' | 'peerStore'>,
  closing: AbortSignal,
): void {
  const left = new Map<string, PeerId>();
  const forget = async (peer: PeerId): Promise<void> => {
    if (libp2p.getConnections(peer).length > 0) return;
    const { tags } = await libp2p.peerStore.get(peer);
    if (tags.size === 0) await libp2p.peerStore.delete(peer);
  };
  const onDisconnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    left.delete(peer.toString());
    left.set(peer.toString(), peer);
    const [oldest] = left;
    if (left.size <= MAX_REMEMBERED_STRANGERS || !oldest) return;
    left.delete(oldest[0]);
    forget(oldest[1]).catch(() => undefined); // it has no record
  };
  libp2p.addEventListener('peer:disconnect', onDisconnect);
  closing.addEventListener('abort', () => libp2p.removeEventListener('peer:disconnect', onDisconnect), {
    once: true,
  });
}
