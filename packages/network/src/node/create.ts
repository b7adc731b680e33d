import { ChorusError } from '@chorus/protocol';
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Libp2p } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { addressFault } from '../addresses/address.ts';
import { cannotListen } from '../addresses/listening.ts';
import { Bandwidth } from '../bandwidth/bandwidth.ts';
import { networkError } from '../core/errors.ts';
import { readNetworkKey } from '../core/key.ts';
import {
  DIAL_TIMEOUT_MS,
  INBOUND_PER_SECOND,
  KEEP_ALIVE_MS,
  MAX_CONNECTIONS,
  MAX_EARLY_STREAMS,
  MAX_PENDING_INBOUND,
  NEGOTIATION_TIMEOUT_MS,
  PING_INTERVAL_MS,
  PING_TIMEOUT_MS,
} from '../core/limits.ts';
import { boundedPeerScore, Judge } from '../gossip/gossip.ts';
import { validateOtherTopics } from '../patches/gossipsub.ts';
import { BanList } from '../peers/ban-list.ts';
import { gaterOf } from '../peers/connection-gater.ts';
import { connectToDiscovered, mdnsDiscovery } from '../peers/discovery.ts';
import { closeSilentConnections } from '../peers/keep-alive.ts';
import { PeerReputation } from '../peers/peer-reputation.ts';
import { prunePeerStore } from '../peers/peer-store-pruner.ts';
import { followEvents } from './events.ts';
import { LibP2pNetwork, type Services } from './network.ts';
import type { NetworkOptions } from './options.ts';
import { servicesOf } from './services.ts';
import { names, transportsOf } from './transports.ts';

/**
 * Start a libp2p node: TCP, noise, yamux, identify, ping and gossipsub. Dials only `bootstrap`, and loads nothing
 * else, unless an option says so.
 *
 * @throws ChorusError `E_NETWORK_KEY`, `E_NETWORK_LISTEN`, `E_NETWORK_OPTIONS`
 * @example
 * const network = await createNetwork({ listen: ['/ip4/0.0.0.0/tcp/4001'] });
 * network.subscribe('/chorus/1/hello', ({ data, from }) => 'accept');
 */
export async function createNetwork(options: NetworkOptions = {}): Promise<LibP2pNetwork> {
  const privateKey = options.privateKey
    ? await readNetworkKey(options.privateKey)
    : await generateKeyPair('Ed25519');
  const listen = listenAddresses(options);
  const emit = options.onEvent ?? (() => {});
  const peerScore = options.peerScore ?? (() => 0);
  const closing = new AbortController();
  const banFile = options.banFile ? new BanList(options.banFile, warn) : undefined;
  const book = new PeerReputation({
    onBan: ({ peer, until, reason }) => {
      emit({ type: 'banned', peer, until, reason });
      for (const connection of libp2p.getConnections()) {
        if (connection.remotePeer.toString() === peer) connection.abort(new Error('banned'));
      }
    },
    onChange: (bans) => banFile?.save(bans),
  });
  if (banFile) book.restore(await banFile.load());
  const traffic = new Bandwidth(options);
  const libp2p: Libp2p<Services> = await createLibp2p({
    start: false,
    privateKey,
    nodeInfo: { name: 'chorus', version: '0.1.0', userAgent: 'chorus/0.1.0' },
    addresses: { listen, announce: options.announce ?? [] },
    transports: await transportsOf(options, listen),
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxEarlyStreams: MAX_EARLY_STREAMS, keepAliveInterval: KEEP_ALIVE_MS })],
    metrics: () => traffic.metrics(),
    connectionGater: gaterOf({
      book,
      traffic,
      connections: () => libp2p.getConnections(),
      maxConnectionsPerHost: options.maxConnectionsPerHost,
    }),
    peerDiscovery: options.mdns ? [await mdnsDiscovery()] : [],
    connectionManager: {
      maxConnections: options.maxConnections ?? MAX_CONNECTIONS,
      maxIncomingPendingConnections: MAX_PENDING_INBOUND,
      inboundConnectionThreshold: INBOUND_PER_SECOND,
      dialTimeout: DIAL_TIMEOUT_MS,
      outboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
      inboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
    },
    // A late ping does not mean a dead peer: its machine may be busy, or a payload may fill the line. See
    // liveness.ts.
    connectionMonitor: {
      pingInterval: PING_INTERVAL_MS,
      pingTimeout: { minTimeout: PING_TIMEOUT_MS, maxTimeout: PING_TIMEOUT_MS },
      abortConnectionOnPingFailure: false,
    },
    services: await servicesOf(options, { book, peerScore }),
  });
  traffic.quicConnections = () => libp2p.getConnections().filter((c) => c.multiplexer === 'quic');
  const judge = new Judge(book);
  validateOtherTopics(libp2p.services.pubsub, judge.stranger);
  try {
    await libp2p.start();
  } catch (cause) {
    await libp2p.stop();
    throw cannotListen(listen, cause);
  }
  if (options.mdns || options.dht) connectToDiscovered(libp2p, closing.signal);
  prunePeerStore(libp2p, closing.signal);
  closeSilentConnections(libp2p, traffic, closing.signal);
  followEvents({
    libp2p,
    traffic,
    emit,
    peerScore: (peer) => boundedPeerScore(peerScore, peer),
    closing: closing.signal,
  });
  const network = new LibP2pNetwork({
    libp2p,
    book,
    judge,
    traffic,
    peerScore,
    closing,
    warn,
    onClosed: async () => await banFile?.flush(),
  });
  await network.stayWith(options.bootstrap ?? []);
  return network;

  function warn(message: string): void {
    emit({ type: 'warning', message });
  }
}

/** @throws ChorusError `E_NETWORK_OPTIONS` */
function listenAddresses(options: NetworkOptions): string[] {
  const listen = options.listen ?? ['/ip4/127.0.0.1/tcp/0'];
  for (const address of [...listen, ...(options.announce ?? [])]) {
    const fault = addressFault(address, 'own');
    if (fault) {
      throw new ChorusError('E_NETWORK_OPTIONS', `an address to listen on or to announce ${fault}`, {
        facts: { address: address.slice(0, 256) },
      });
    }
  }
  const limited = options.uploadBytesPerSecond || options.downloadBytesPerSecond;
  if (limited && (options.quic || names(listen, 'quic-v1'))) {
    // Its library does its own reading and writing, so the limit cannot apply.
    throw networkError(
      'E_NETWORK_OPTIONS',
      'QUIC cannot be held to a byte rate: leave it out, or the limit',
      { listen: listen.join(' ') },
      undefined,
    );
  }
  return options.relayClient ? [...listen, '/p2p-circuit'] : listen;
}
