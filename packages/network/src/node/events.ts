import type { Connection, Libp2p, PeerId } from '@libp2p/interface';
import type { Bandwidth } from '../bandwidth/bandwidth.ts';
import type { NetworkEvent } from './stats.ts';

export interface FollowOptions {
  libp2p: Libp2p;
  traffic: Bandwidth;
  emit: (event: NetworkEvent) => void;
  peerScore: (peer: string) => number;
  closing: AbortSignal;
}

/** Name of the tag by which libp2p's connection manager knows which peers to keep. */
const PEER_SCORE_TAG = 'chorus-peer-score';

/** Report connection events, and keep peers with a good score when connections must close. */
export function followEvents({ libp2p, traffic, emit, peerScore, closing }: FollowOptions): void {
  const onOpen = ({ detail }: CustomEvent<Connection>) => {
    if (libp2p.getConnections(detail.remotePeer).length > 1) return;
    const peer = detail.remotePeer.toString();
    emit({
      type: 'peer-connected',
      peer,
      address: detail.remoteAddr.toString(),
      direction: detail.direction,
    });
    const value = Math.round(peerScore(peer));
    const tags = { [PEER_SCORE_TAG]: value > 0 ? { value } : undefined };
    libp2p.peerStore.merge(detail.remotePeer, { tags }).catch(() => undefined); // it has gone again
  };
  const onDisconnect = ({ detail }: CustomEvent<PeerId>) => {
    traffic.forget(detail.toString());
    emit({ type: 'peer-disconnected', peer: detail.toString() });
  };
  let known = '';
  const onSelf = () => {
    const addresses = libp2p.getMultiaddrs().map(String);
    if (addresses.join() === known) return;
    known = addresses.join();
    emit({ type: 'addresses-changed', addresses });
  };
  libp2p.addEventListener('connection:open', onOpen);
  libp2p.addEventListener('peer:disconnect', onDisconnect);
  libp2p.addEventListener('self:peer:update', onSelf);
  closing.addEventListener(
    'abort',
    () => {
      libp2p.removeEventListener('connection:open', onOpen);
      libp2p.removeEventListener('peer:disconnect', onDisconnect);
      libp2p.removeEventListener('self:peer:update', onSelf);
    },
    { once: true },
  );
}
