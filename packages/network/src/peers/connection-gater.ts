import type { Connection, ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface';
import { RateLimiter } from '@libp2p/utils';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Bandwidth } from '../bandwidth/bandwidth.ts';
import {
  CHURN_WINDOW_S,
  MAX_BANNED_PER_WINDOW,
  MAX_CONNECTS_PER_WINDOW,
  RATE_WINDOW_S,
} from '../core/limits.ts';
import type { PeerReputation } from './peer-reputation.ts';

export interface GaterOptions {
  book: PeerReputation;
  traffic: Bandwidth;
  /** Open connections. */
  connections: () => Connection[];
  maxConnectionsPerHost: number | undefined;
}

/**
 * Keeps out banned peers, in both directions, and hosts that take more than their share. The peer id is known only
 * after the handshake (noise, or TLS in QUIC) proved its key.
 */
export function gaterOf({
  book,
  traffic,
  connections,
  maxConnectionsPerHost,
}: GaterOptions): ConnectionGater {
  const churn = new RateLimiter({
    points: MAX_CONNECTS_PER_WINDOW,
    duration: CHURN_WINDOW_S,
    keyPrefix: '',
  });
  // A handshake costs this node more than the other: hosts whose banned peers keep coming are refused before it.
  const strikes = new RateLimiter({
    points: MAX_BANNED_PER_WINDOW,
    duration: RATE_WINDOW_S,
    keyPrefix: '',
  });
  const known = (peer: PeerId, connection: MultiaddrConnection) => {
    traffic.attribute(peer, connection);
    return book.isBanned(peer.toString());
  };
  const bannedInbound = (peer: PeerId, { remoteAddr }: MultiaddrConnection) => {
    if (!book.isBanned(peer.toString())) return false;
    const host = hostOf(remoteAddr);
    if (host !== undefined) strikes.penalty(host);
    return true;
  };
  const knownInbound = (peer: PeerId, connection: MultiaddrConnection) => {
    try {
      churn.consume(peer.toString());
    } catch {
      book.blame(peer.toString(), 'connection-churn');
    }
    return known(peer, connection);
  };
  return {
    denyDialPeer: (peer) => book.isBanned(peer.toString()),
    denyInboundConnection: ({ remoteAddr }) => {
      const host = hostOf(remoteAddr);
      if (host === undefined) return false;
      if ((strikes.get(host)?.consumedPoints ?? 0) > MAX_BANNED_PER_WINDOW) return true;
      if (maxConnectionsPerHost === undefined || isLoopback(host)) return false;
      const open = connections().filter((c) => hostOf(c.remoteAddr) === host);
      return open.length >= maxConnectionsPerHost;
    },
    // QUIC has no step between its handshake and the upgraded connection, so the peer is checked here as well.
    denyInboundEncryptedConnection: bannedInbound,
    denyOutboundEncryptedConnection: (peer) => book.isBanned(peer.toString()),
    denyInboundUpgradedConnection: knownInbound,
    denyOutboundUpgradedConnection: known,
    denyInboundRelayReservation: (peer) => book.isBanned(peer.toString()),
    denyOutboundRelayedConnection: (source, target) =>
      book.isBanned(source.toString()) || book.isBanned(target.toString()),
  };
}

/**
 * The host at the start of an address; undefined for an address through a relay. For IPv6 the first 64 bits: the
 * owner of one address of such a network has all of them.
 */
function hostOf(address: Multiaddr): string | undefined {
  if (address.toString().includes('/p2p-circuit')) return undefined;
  const [, version, text] = /^\/ip([46])\/([^/]+)/.exec(address.toString()) ?? [];
  if (version !== '6') return text;
  // As bytes: one for the protocol, sixteen of the address.
  const network = Buffer.from(address.bytes.subarray(1, 9)).toString('hex');
  // The loopback address, and IPv4 addresses in IPv6 form, lie in the network of zeros.
  return /^0+$/.test(network) ? text : network;
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}
