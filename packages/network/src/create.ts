import { ChorusError } from '@chorus/protocol';
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Libp2p } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { addressFault } from './address.ts';
import { BanFile } from './ban-file.ts';
import { connectToDiscovered, mdnsDiscovery } from './discovery.ts';
import { networkError } from './errors.ts';
import { followEvents } from './events.ts';
import { gaterOf } from './gater.ts';
import { boundedStanding, guardTopics, Judge } from './gossip.ts';
import { readNetworkKey } from './key.ts';
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
} from './limits.ts';
import { cannotListen } from './listening.ts';
import { watchLiveness } from './liveness.ts';
import { LibP2pNetwork, type Services } from './network.ts';
import type { NetworkOptions } from './options.ts';
import { PeerBook } from './peer-book.ts';
import { servicesOf } from './services.ts';
import { forgetStrangers } from './strangers.ts';
import { Traffic } from './traffic.ts';
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
  const standing = options.peerScore ?? (() => 0);
  const closing = new AbortController();
  const banFile = options.banFile ? new BanFile(options.banFile, warn) : undefined;
  const book = new PeerBook({
    onBan: ({ peer, until, reason }) => {
      emit({ type: 'banned', peer, until, reason });
      for (const connection of libp2p.getConnections()) {
        if (connection.remotePeer.toString() === peer) connection.abort(new Error('banned'));
      }
    },
    onChange: (bans) => banFile?.save(bans),
  });
  if (banFile) book.restore(await banFile.load());
  const traffic = new Traffic(options);
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
    services: await servicesOf(options, { book, standing }),
  });
  traffic.quicConnections = () => libp2p.getConnections().filter((c) => c.multiplexer === 'quic');
  const judge = new Judge(book);
  guardTopics(libp2p.services.pubsub, judge);
  try {
    await libp2p.start();
  } catch (cause) {
    await libp2p.stop();
    throw cannotListen(listen, cause);
  }
  if (options.mdns || options.dht) connectToDiscovered(libp2p, closing.signal);
  forgetStrangers(libp2p, closing.signal);
  watchLiveness(libp2p, traffic, closing.signal);
  followEvents({
    libp2p,
    traffic,
    emit,
    standing: (peer) => boundedStanding(standing, peer),
    closing: closing.signal,
  });
  const network = new LibP2pNetwork({
    libp2p,
    book,
    judge,
    traffic,
    standing,
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
