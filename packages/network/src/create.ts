import { generateKeyPair } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { connectToDiscovered, kademlia, mdnsDiscovery } from './discovery.ts';
import { networkError } from './errors.ts';
import { gaterOf } from './gater.ts';
import { gossipService, guardTopics } from './gossip.ts';
import { readNetworkKey } from './key.ts';
import {
  DIAL_TIMEOUT_MS,
  INBOUND_PER_SECOND,
  MAX_CONNECTIONS,
  MAX_EARLY_STREAMS,
  MAX_PENDING_INBOUND,
  NEGOTIATION_TIMEOUT_MS,
} from './limits.ts';
import { LibP2pNetwork } from './network.ts';
import { PeerBook } from './peer-book.ts';

export interface NetworkOptions {
  /** The node's key: what `generateNetworkKey` returned, or a 32-byte Ed25519 seed. Fresh by default. */
  privateKey?: Uint8Array;
  /** Addresses to listen on. Default: a free TCP port of the loopback interface. */
  listen?: string[];
  /** Addresses that others see, where they differ from those listened on (port forwarding). */
  announce?: string[];
  /** Peers to connect to at the start, each ending in /p2p/<peer id>. One that cannot be reached is skipped. */
  bootstrap?: string[];
  /** Find nodes on the local network by multicast DNS, and connect to them. Off by default. */
  mdns?: boolean;
  /**
   * Take part in this network's Kademlia table, so that peers can be reached by their ids alone: `server` for
   * nodes that others can dial, `client` for those behind a NAT. Off by default.
   */
  dht?: 'client' | 'server';
}

/**
 * Start a libp2p node: TCP, noise, yamux, identify, ping and gossipsub. Dials nobody but
 * `bootstrap` unless `mdns` or `dht` is set.
 *
 * @throws ChorusError `E_NETWORK_KEY`, `E_NETWORK_LISTEN`
 * @example
 * const network = await createNetwork({ listen: ['/ip4/0.0.0.0/tcp/4001'] });
 * network.subscribe('/chorus/1/hello', ({ data, from }) => 'accept');
 */
export async function createNetwork(options: NetworkOptions = {}): Promise<LibP2pNetwork> {
  const privateKey = options.privateKey
    ? await readNetworkKey(options.privateKey)
    : await generateKeyPair('Ed25519');
  const listen = options.listen ?? ['/ip4/127.0.0.1/tcp/0'];
  const closing = new AbortController();
  const book = new PeerBook(({ peer }) => {
    for (const connection of libp2p.getConnections()) {
      if (connection.remotePeer.toString() === peer) connection.abort(new Error('banned'));
    }
  });
  const libp2p = await createLibp2p({
    start: false,
    privateKey,
    nodeInfo: { name: 'chorus', version: '0.1.0', userAgent: 'chorus/0.1.0' },
    addresses: { listen, announce: options.announce ?? [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxEarlyStreams: MAX_EARLY_STREAMS })],
    connectionGater: gaterOf(book),
    peerDiscovery: options.mdns ? [await mdnsDiscovery()] : [],
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      maxIncomingPendingConnections: MAX_PENDING_INBOUND,
      inboundConnectionThreshold: INBOUND_PER_SECOND,
      dialTimeout: DIAL_TIMEOUT_MS,
      outboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
      inboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
    },
    // A machine busy with training or proving answers pings late; only a silent half minute is a dead peer.
    connectionMonitor: { pingInterval: 15_000, pingTimeout: { minTimeout: 30_000, maxTimeout: 60_000 } },
    services: {
      identify: identify(),
      ping: ping({ maxInboundStreams: 4, maxOutboundStreams: 4 }),
      pubsub: gossipService(book),
      ...(options.dht ? { dht: await kademlia(options.dht === 'client') } : {}),
    },
  });
  guardTopics(libp2p.services.pubsub);
  try {
    await libp2p.start();
  } catch (cause) {
    await libp2p.stop();
    throw networkError('E_NETWORK_LISTEN', 'cannot listen', { listen: listen.join(' ') }, cause);
  }
  if (options.mdns || options.dht) connectToDiscovered(libp2p, closing.signal);
  const network = new LibP2pNetwork(libp2p, book, closing);
  await Promise.allSettled((options.bootstrap ?? []).map((address) => network.connect(address)));
  return network;
}
