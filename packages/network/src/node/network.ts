import {
  ChorusError,
  type FetchOptions,
  type HttpHandler,
  MAX_GOSSIP_BYTES,
  type NetworkPort,
  type RequestHandler,
  type RequestOptions,
  reasonOf,
  type ServeOptions,
  type TopicHandler,
} from '@chorus/protocol';
import type { Identify } from '@libp2p/identify';
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface';
import type { Ping } from '@libp2p/ping';
import { RateLimiter } from '@libp2p/utils';
import type { Multiaddr } from '@multiformats/multiaddr';
import { addressFault, parseAddress, parsePeerId, peerOfAddress } from '../addresses/address.ts';
import type { Bandwidth } from '../bandwidth/bandwidth.ts';
import { networkError } from '../core/errors.ts';
import {
  BAN_MS,
  DIAL_TIMEOUT_MS,
  MAX_ADDRESSES,
  MAX_REQUEST_STREAMS,
  MAX_REQUESTS_IN_FLIGHT,
  MAX_REQUESTS_PER_WINDOW,
  MAX_STORED_ADDRESSES,
  RATE_WINDOW_S,
} from '../core/limits.ts';
import { boundedPeerScore, type Judge } from '../gossip/gossip.ts';
import { HttpService } from '../http/service.ts';
import type { ScoredGossip } from '../patches/gossipsub.ts';
import type { Ban, Offence, PeerReputation } from '../peers/peer-reputation.ts';
import { KNOWN } from '../peers/peer-store-pruner.ts';
import { Reconnector } from '../peers/reconnect.ts';
import { sendRequest, serveRequest } from '../requests/request.ts';
import { type NetworkStats, peerStats, type RequestCounts, type TopicStats } from './stats.ts';

export type Services = { pubsub: ScoredGossip; identify: Identify; ping: Ping };

/** The parts that `createNetwork` assembles. */
export interface NetworkParts {
  libp2p: Libp2p<Services>;
  book: PeerReputation;
  judge: Judge;
  traffic: Bandwidth;
  peerScore: (peer: string) => number;
  closing: AbortController;
  /** Called at the end of `close`, once. */
  onClosed: () => Promise<void>;
  /** Called with what is left out, and why. */
  warn: (message: string) => void;
}

/** The network port over a running libp2p node. Make one with `createNetwork`. */
export class LibP2pNetwork implements NetworkPort {
  /** The node itself, for other parts that share it: storage serves bitswap on the same connections. */
  readonly libp2p: Libp2p<Services>;
  readonly peerId: string;
  readonly #topics = new Set<string>();
  readonly #handlers = new Map<string, RequestHandler>();
  /** Protocols libp2p knows of; follows `#handlers`. */
  readonly #registered = new Set<string>();
  #registering: Promise<void> = Promise.resolve();
  /** Connects in progress, by target: two callers that want the same peer wait for one dial. */
  readonly #dials = new Map<string, Promise<void>>();
  readonly #book: PeerReputation;
  readonly #judge: Judge;
  readonly #traffic: Bandwidth;
  readonly #peerScore: (peer: string) => number;
  readonly #reach: Reconnector;
  readonly #onClosed: () => Promise<void>;
  readonly #warn: (message: string) => void;
  readonly #requests: RequestCounts = { served: 0, refused: 0, failed: 0 };
  readonly #rate = new RateLimiter({
    points: MAX_REQUESTS_PER_WINDOW,
    duration: RATE_WINDOW_S,
    keyPrefix: '',
  });
  /** Requests being handled, by peer. */
  readonly #inFlight = new Map<string, number>();
  readonly #http: HttpService;
  readonly #closing: AbortController;
  #closed: Promise<void> | undefined;

  constructor({ libp2p, book, judge, traffic, peerScore, closing, onClosed, warn }: NetworkParts) {
    this.#warn = warn;
    this.libp2p = libp2p;
    this.#book = book;
    this.#judge = judge;
    this.#traffic = traffic;
    this.#peerScore = (peer) => boundedPeerScore(peerScore, peer);
    this.#closing = closing;
    this.#onClosed = onClosed;
    this.peerId = libp2p.peerId.toString();
    this.#http = new HttpService({
      libp2p,
      closing: closing.signal,
      blame: (peer, offence) => book.blame(peer, offence),
      count: (outcome) => {
        this.#requests[outcome]++;
      },
    });
    this.#reach = new Reconnector({
      isConnected: (target) => this.#isConnected(target),
      connect: (target) => this.#connect(target),
      onFault: (target, error) => warn(`${target.slice(0, 256)} is not reached for: ${reasonOf(error)}`),
    });
  }

  multiaddrs(): string[] {
    return this.libp2p.getMultiaddrs().map(String);
  }

  peers(): string[] {
    return this.libp2p.getPeers().map(String);
  }

  /** Stay connected to these addresses, each ending in /p2p/<peer id>: lost ones are tried again for ever. */
  async stayWith(addresses: string[]): Promise<void> {
    const sound = addresses.filter((address) => {
      const fault = addressFault(address, 'peer');
      if (fault) this.#warn(`the bootstrap peer ${address.slice(0, 256)} is left out: it ${fault}`);
      return fault === null;
    });
    for (const address of sound) if (address.includes('/p2p/')) this.#reach.keep(address, true);
    await Promise.allSettled(sound.map((address) => this.#connect(address)));
  }

  async connect(target: string, options: { signal?: AbortSignal; timeoutMs?: number } = {}): Promise<void> {
    await this.#connect(target, options);
    // Reconnect to peers that were dialled explicitly.
    const peer = parseTarget(target).peer?.toString();
    if (!peer || peer === this.peerId) return;
    this.#reach.keep(peer, false);
    await this.libp2p.peerStore.merge(parsePeerId(peer), { tags: KNOWN });
  }

  /** @throws ChorusError `E_NETWORK_DIAL`, `E_NETWORK_PEER_ID` for a target that is not an address or peer id */
  #isConnected(target: string): boolean {
    const { peer } = parseTarget(target);
    return peer !== undefined && this.libp2p.getConnections(peer).length > 0;
  }

  async #connect(target: string, options: { signal?: AbortSignal; timeoutMs?: number } = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#assertOpen();
    const { peer, address } = parseTarget(target);
    if (peer?.equals(this.libp2p.peerId)) return;
    if (peer && this.libp2p.getConnections(peer).length > 0) return;
    const timeoutMs = options.timeoutMs ?? DIAL_TIMEOUT_MS;
    const running = this.#dials.get(target);
    if (running && !options.signal && options.timeoutMs === undefined) return await running;
    const signal = AbortSignal.any([
      AbortSignal.timeout(Math.ceil(timeoutMs)),
      this.#closing.signal,
      ...(options.signal ? [options.signal] : []),
    ]);
    const dial = this.#dial(target, address ?? (peer as PeerId), signal, options.signal);
    if (!running) {
      this.#dials.set(target, dial);
      dial.catch(() => undefined).finally(() => this.#dials.delete(target));
    }
    await dial;
  }

  async #dial(
    target: string,
    to: PeerId | Multiaddr,
    signal: AbortSignal,
    callers?: AbortSignal,
  ): Promise<void> {
    try {
      await this.libp2p.dial(to, { signal });
    } catch (cause) {
      callers?.throwIfAborted();
      throw networkError('E_NETWORK_DIAL', 'cannot connect to the peer', { target }, cause);
    }
  }

  async learn(peerId: string, multiaddrs: string[]): Promise<void> {
    const peer = parsePeerId(peerId);
    if (peer.equals(this.libp2p.peerId)) return;
    const known: Multiaddr[] = [];
    for (const text of multiaddrs.slice(0, MAX_ADDRESSES)) {
      const address = parseAddress(text);
      // An address with another peer's id would make this node dial a third party on a stranger's word.
      const named = address && peerOfAddress(address);
      if (address && (named === undefined || named === peerId)) known.push(address);
    }
    if (known.length === 0) return;
    const { peerStore } = this.libp2p;
    const stored = await peerStore.get(peer).catch(() => undefined);
    // A peer may keep naming new addresses: only its last ones count.
    const many = (stored?.addresses.length ?? 0) > MAX_STORED_ADDRESSES - MAX_ADDRESSES;
    if (many) await peerStore.patch(peer, { multiaddrs: known });
    else await peerStore.merge(peer, { multiaddrs: known, tags: KNOWN });
  }

  subscribe(topic: string, handler: TopicHandler): () => void {
    this.#assertOpen();
    if (this.#topics.has(topic)) throw duplicate('topic', topic);
    const { pubsub } = this.libp2p.services;
    this.#topics.add(topic);
    pubsub.topicValidators.set(topic, this.#judge.validatorOf(topic, handler));
    pubsub.subscribe(topic);
    return once(() => {
      this.#topics.delete(topic);
      if (this.#closing.signal.aborted) return;
      pubsub.unsubscribe(topic);
      pubsub.topicValidators.delete(topic);
    });
  }

  async publish(topic: string, data: Uint8Array): Promise<void> {
    this.#assertOpen();
    if (data.length > MAX_GOSSIP_BYTES) {
      throw new ChorusError('E_NETWORK_TOO_LARGE', 'the message is too long to publish', {
        facts: { topic, bytes: data.length, limit: MAX_GOSSIP_BYTES },
      });
    }
    await this.libp2p.services.pubsub.publish(topic, data);
    this.#judge.countsOf(topic).published++;
  }

  handle(protocol: string, handler: RequestHandler): () => void {
    this.#assertOpen();
    if (this.#handlers.has(protocol)) throw duplicate('protocol', protocol);
    this.#handlers.set(protocol, handler);
    this.#syncHandlers(protocol);
    return once(() => {
      this.#handlers.delete(protocol);
      this.#syncHandlers(protocol);
    });
  }

  /** Sync libp2p's handlers with this class's, one change after the other: its calls are asynchronous. */
  #syncHandlers(protocol: string): void {
    this.#registering = this.#registering
      .then(async () => {
        if (this.#closing.signal.aborted) return;
        const wanted = this.#handlers.has(protocol);
        if (wanted && !this.#registered.has(protocol)) {
          this.#registered.add(protocol);
          await this.libp2p.handle(
            protocol,
            (stream, connection) => this.#serve(protocol, stream, connection),
            {
              maxInboundStreams: MAX_REQUEST_STREAMS,
              maxOutboundStreams: MAX_REQUEST_STREAMS,
              // Through a relay too: votes are small.
              runOnLimitedConnection: true,
            },
          );
        } else if (!wanted && this.#registered.delete(protocol)) {
          await this.libp2p.unhandle(protocol);
        }
      })
      // libp2p refuses only while it stops, and then there is no peer left to serve.
      .catch(() => undefined);
  }

  async #serve(protocol: string, stream: Stream, connection: Connection): Promise<void> {
    const handler = this.#handlers.get(protocol);
    const peer = connection.remotePeer.toString();
    if (!handler || !this.#admit(peer)) {
      this.#requests.refused++;
      stream.abort(new Error('not served'));
      return;
    }
    this.#inFlight.set(peer, (this.#inFlight.get(peer) ?? 0) + 1);
    try {
      const outcome = await serveRequest(stream, connection, handler, this.#closing.signal);
      const byPeer = outcome === 'malformed' || outcome === 'unfinished';
      this.#requests[byPeer ? 'refused' : outcome]++;
      if (byPeer)
        this.#book.blame(peer, outcome === 'malformed' ? 'oversized-request' : 'unfinished-request');
    } finally {
      const left = (this.#inFlight.get(peer) ?? 1) - 1;
      if (left > 0) this.#inFlight.set(peer, left);
      else this.#inFlight.delete(peer);
    }
  }

  /** Whether a peer may have one more request handled now. */
  #admit(peer: string): boolean {
    try {
      this.#rate.consume(peer);
    } catch {
      this.#book.blame(peer, 'too-many-requests');
      return false;
    }
    return (this.#inFlight.get(peer) ?? 0) < MAX_REQUESTS_IN_FLIGHT;
  }

  /** Count an offence that another part of the node has seen, such as a wrong block. */
  blame(peer: string, offence: Offence): void {
    this.#book.blame(parsePeerId(peer).toString(), offence);
  }

  /** Close the peer's connections and refuse it for this long (milliseconds; Infinity for good). */
  ban(peer: string, options: { ms?: number; reason?: string } = {}): void {
    this.#reach.drop(peer);
    this.#book.ban(parsePeerId(peer).toString(), options.ms ?? BAN_MS, options.reason ?? 'by hand');
  }

  /** Let a peer in again and clear its blame. */
  unban(peer: string): void {
    this.#book.unban(peer);
  }

  bans(): Ban[] {
    return this.#book.bans();
  }

  /** Current blame of the peer, 0 to 100; at 100 it is banned. */
  blameOf(peer: string): number {
    return this.#book.points(peer);
  }

  async request(
    peer: string,
    protocol: string,
    data: Uint8Array,
    options: RequestOptions,
  ): Promise<Uint8Array> {
    this.#assertOpen();
    let to: PeerId;
    try {
      to = parsePeerId(peer);
    } catch (cause) {
      throw networkError(
        'E_NETWORK_REQUEST',
        'this is not a peer id',
        { peer: peer.slice(0, 80), protocol },
        cause,
      );
    }
    return await sendRequest(this.libp2p, to, protocol, data, options, this.#closing.signal);
  }

  serve(handler: HttpHandler, options: ServeOptions = {}): () => void {
    this.#assertOpen();
    return this.#http.serve(handler, options);
  }

  async fetch(peer: string, request: Request, options: FetchOptions): Promise<Response> {
    this.#assertOpen();
    return await this.#http.fetch(peer, request, options);
  }

  /** Bytes this node has received and sent since its start; cheap, unlike `stats`. */
  traffic(): { in: number; out: number } {
    return { ...this.#traffic.total };
  }

  /** Full statistics of this node's connections. Looks up each peer: takes some milliseconds. */
  async stats(): Promise<NetworkStats> {
    const connections = this.libp2p.getConnections();
    const inbound = connections.filter((c) => c.direction === 'inbound').length;
    return {
      peerId: this.peerId,
      addresses: this.multiaddrs(),
      peers: await peerStats(this.libp2p, this.#book, this.#traffic, this.#peerScore),
      connections: {
        inbound,
        outbound: connections.length - inbound,
        relayed: connections.filter((c) => c.limits !== undefined).length,
      },
      bytes: this.traffic(),
      protocols: Object.fromEntries(
        [...this.#traffic.protocols].map(([name, bytes]) => [name, { ...bytes }]),
      ),
      topics: [...this.#topics].map((topic) => this.#topicStats(topic)),
      requests: { ...this.#requests },
      lost: this.#reach.lost(),
      bans: this.bans(),
    };
  }

  #topicStats(topic: string): TopicStats {
    const { pubsub } = this.libp2p.services;
    return {
      topic,
      ...this.#judge.countsOf(topic),
      subscribers: pubsub.getSubscribers(topic).length,
      mesh: pubsub.getMeshPeers(topic).length,
    };
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#closing.abort(new ChorusError('E_NETWORK_CLOSED', 'the network is closed'));
      this.#reach.stop();
      await this.#http.close();
      await this.libp2p.stop();
      await this.#onClosed();
    })();
    return this.#closed;
  }

  #assertOpen(): void {
    this.#closing.signal.throwIfAborted();
  }
}

function duplicate(what: string, name: string): ChorusError {
  return new ChorusError('E_NETWORK_DUPLICATE', `the ${what} already has a handler`, {
    facts: { [what]: name },
  });
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}

function parseTarget(target: string): { peer?: PeerId; address?: Multiaddr } {
  if (!target.startsWith('/')) {
    try {
      return { peer: parsePeerId(target) };
    } catch (cause) {
      throw networkError('E_NETWORK_DIAL', 'this is not a peer id', { target: target.slice(0, 256) }, cause);
    }
  }
  const address = parseAddress(target);
  if (!address) {
    throw new ChorusError('E_NETWORK_DIAL', 'this is not an address', {
      facts: { target: target.slice(0, 256) },
      hint: 'addresses look like /ip4/127.0.0.1/tcp/4001/p2p/12D3KooW...',
    });
  }
  const named = peerOfAddress(address);
  return named === undefined ? { address } : { peer: parsePeerId(named), address };
}
