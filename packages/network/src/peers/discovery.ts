import type { Libp2p, PeerInfo } from '@libp2p/interface';
import { MAX_DISCOVERED_CONNECTIONS } from '../core/limits.ts';

/** Kademlia of this network alone: its records and peers never mix with the public IPFS table. */
export const KAD_PROTOCOL = '/chorus/kad/1.0.0';

/** The name that nodes look for on the local network (RFC 6762). */
export const MDNS_SERVICE = 'chorus';

/** Finds nodes on the local network. Loaded only on request. */
export async function mdnsDiscovery() {
  const { mdns } = await import('@libp2p/mdns');
  return mdns({ serviceTag: MDNS_SERVICE, interval: 10_000 });
}

/**
 * Finds the addresses of peers by their ids, through others. Nodes of a local network keep their private addresses.
 * Loaded only on request.
 */
export async function kademlia(mode: 'client' | 'server' | 'auto') {
  const { kadDHT, passthroughMapper } = await import('@libp2p/kad-dht');
  return kadDHT({
    protocol: KAD_PROTOCOL,
    peerInfoMapper: passthroughMapper,
    ...(mode === 'auto' ? {} : { clientMode: mode === 'client' }),
  });
}

/** libp2p stores the peers it discovers but does not connect to them: connect while there are few connections. */
export function connectToDiscovered(libp2p: Libp2p, signal: AbortSignal): void {
  const onPeer = ({ detail }: CustomEvent<PeerInfo>) => {
    if (libp2p.getConnections(detail.id).length > 0) return;
    if (libp2p.getConnections().length >= MAX_DISCOVERED_CONNECTIONS) return;
    libp2p.dial(detail.id, { signal }).catch(() => undefined); // it may have left; others will be found
  };
  libp2p.addEventListener('peer:discovery', onPeer);
  signal.addEventListener('abort', () => libp2p.removeEventListener('peer:discovery', onPeer), {
    once: true,
  });
}
