import type { ConnectionGater } from '@libp2p/interface';
import type { PeerBook } from './peer-book.ts';

/** Keeps banned peers out, in both directions. A peer is known only after the handshake (noise) proved its key. */
export function gaterOf(book: PeerBook): ConnectionGater {
  return {
    denyDialPeer: (peer) => book.isBanned(peer.toString()),
    denyInboundEncryptedConnection: (peer) => book.isBanned(peer.toString()),
    denyOutboundEncryptedConnection: (peer) => book.isBanned(peer.toString()),
  };
}
