import { peerIdFromString } from '@libp2p/peer-id';
import { base36 } from 'multiformats/bases/base36';

/**
 * A peer id as the host of a URL: base36 of its CID (libp2p peer-ids spec, section "String representation"), since
 * hosts are lower-cased and base58 is not.
 */
export function hostOfPeer(peer: string): string {
  return peerIdFromString(peer).toCID().toString(base36);
}
