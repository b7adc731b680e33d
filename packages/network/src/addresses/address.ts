import { ChorusError } from '@chorus/protocol';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';

/** Longer than any peer id or address in use. */
const MAX_PEER_ID = 128;
const MAX_ADDRESS = 256;

/** @throws ChorusError `E_NETWORK_PEER_ID` */
export function parsePeerId(text: string): PeerId {
  try {
    if (text.length > MAX_PEER_ID) throw new Error('too long');
    return peerIdFromString(text);
  } catch (cause) {
    throw new ChorusError('E_NETWORK_PEER_ID', 'this is not a peer id', {
      facts: { peer: text.slice(0, 80) },
      cause,
    });
  }
}

/** The parsed address, or undefined if it is not one. */
export function parseAddress(text: string): Multiaddr | undefined {
  try {
    return text.length <= MAX_ADDRESS ? multiaddr(text) : undefined;
  } catch {
    return undefined;
  }
}

/** The peer id at the end of an address, if it names one. */
export function peerOfAddress(address: Multiaddr): string | undefined {
  return address.getComponents().findLast((component) => component.name === 'p2p')?.value;
}

/** Purpose of an address: to listen on or announce, or a peer to connect to. */
export type AddressUse = 'own' | 'peer';

/**
 * The fault of an address in a user's input, in words; null for a valid one. A peer's address ends in its id, except
 * `/dnsaddr`, which stands for addresses that do.
 * @example addressFault('1.2.3.4:4001', 'peer') // 'must be like /ip4/1.2.3.4/tcp/4001/p2p/12D3KooW...'
 */
export function addressFault(text: string, use: AddressUse): string | null {
  const example = use === 'peer' ? '/ip4/1.2.3.4/tcp/4001/p2p/12D3KooW...' : '/ip4/0.0.0.0/tcp/4001';
  const address = parseAddress(text);
  if (!address || text === '' || text === '/') return `must be like ${example}`;
  let peer: string | undefined;
  try {
    peer = peerOfAddress(address);
    if (peer !== undefined) parsePeerId(peer);
  } catch {
    return 'ends in a peer id that is not whole: copy it again';
  }
  if (use === 'peer' && peer === undefined && !text.startsWith('/dnsaddr/')) {
    return `must end in the id of the peer, like ${example}`;
  }
  return null;
}
