import { createHash, randomBytes } from 'node:crypto';
import {
  ChorusError,
  type FetchOptions,
  type HttpHandler,
  MAX_GOSSIP_BYTES,
  MAX_MESSAGE_BYTES,
  type NetworkPort,
  type RequestHandler,
  type RequestOptions,
  type ServeOptions,
  type TopicHandler,
} from '@chorus/protocol';
import { MemoryHttp } from './network-http.ts';

/** The wire that the networks of one test share: who exists, and who is connected with whom. */
export class MemoryHub {
  readonly nodes = new Map<string, MemoryNetwork>();
  readonly #links = new Set<string>();

  /** A node on this wire; with the id of one that is closed, it is that one again. */
  create(peerId?: string): MemoryNetwork {
    const node = new MemoryNetwork(this, peerId);
    this.nodes.set(node.peerId, node);
    return node;
  }

  link(a: string, b: string): void {
    this.#links.add(pair(a, b));
  }

  unlink(node: string): void {
    for (const link of this.#links) if (link.split('|').includes(node)) this.#links.delete(link);
  }

  neighbours(of: string): string[] {
    return [...this.nodes.keys()].filter((id) => this.#links.has(pair(of, id)));
  }
}

/** The network port in memory: messages flood over links, one verdict at a time, as gossip does. */
export class MemoryNetwork implements NetworkPort {
  readonly peerId: string;
  readonly #hub: MemoryHub;
  readonly #topics = new Map<string, TopicHandler>();
  readonly #protocols = new Map<string, RequestHandler>();
  readonly #seen = new Set<string>();
  readonly #known = new Set<string>();
  readonly #http = new MemoryHttp();
  /** Peers that gave a wrong summary, each time one did. */
  readonly blamed: string[] = [];
  #closed = false;

  constructor(hub: MemoryHub, peerId?: string) {
    this.#hub = hub;
    this.peerId =
      peerId ?? `12D3KooW${createHash('sha256').update(randomBytes(16)).digest('hex').slice(0, 44)}`;
  }

  multiaddrs(): string[] {
    return [`/memory/${this.peerId}/p2p/${this.peerId}`];
  }

  peers(): string[] {
    return this.#hub.neighbours(this.peerId);
  }

  async connect(target: string, options: { signal?: AbortSignal; timeoutMs?: number } = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#assertOpen();
    await tick();
    const isAddress = target.startsWith('/memory/');
    const peer = isAddress ? (target.split('/')[2] ?? '') : target;
    const reachable = isAddress || this.#known.has(peer) || this.peers().includes(peer);
    if (peer === this.peerId) return;
    if (!reachable || !this.#hub.nodes.has(peer)) {
      throw new ChorusError('E_NETWORK_DIAL', 'cannot connect to the peer', { facts: { target } });
    }
    this.#hub.link(this.peerId, peer);
  }

  async learn(peerId: string, multiaddrs: string[]): Promise<void> {
    if (multiaddrs.some((address) => address.endsWith(`/p2p/${peerId}`))) this.#known.add(peerId);
  }

  subscribe(topic: string, handler: TopicHandler): () => void {
    this.#assertOpen();
    if (this.#topics.has(topic))
      throw new ChorusError('E_NETWORK_DUPLICATE', 'the topic already has a handler');
    this.#topics.set(topic, handler);
    return () => {
      if (this.#topics.get(topic) === handler) this.#topics.delete(topic);
    };
  }

  async publish(topic: string, data: Uint8Array): Promise<void> {
    this.#assertOpen();
    if (data.length > MAX_GOSSIP_BYTES) {
      throw new ChorusError('E_NETWORK_TOO_LARGE', 'the message is too long to publish', {
        facts: { bytes: data.length, limit: MAX_GOSSIP_BYTES },
      });
    }
    const id = randomBytes(8).toString('hex');
    this.#seen.add(id);
    const copy = data.slice();
    for (const peer of this.peers()) this.#hub.nodes.get(peer)?.receive(id, topic, copy, this.peerId);
  }

  /** A message arrives from a neighbour. */
  receive(id: string, topic: string, data: Uint8Array, from: string, via = from): void {
    const handler = this.#topics.get(topic);
    if (this.#closed || !handler || this.#seen.has(id)) return;
    this.#seen.add(id);
    void (async () => {
      await tick();
      let verdict: string;
      try {
        verdict = await handler({ topic, data: data.slice(), from, via });
      } catch {
        return; // a handler that throws drops the message, as in the real one
      }
      if (verdict !== 'accept' || this.#closed) return;
      for (const peer of this.peers()) this.#hub.nodes.get(peer)?.receive(id, topic, data, from, this.peerId);
    })();
  }

  handle(protocol: string, handler: RequestHandler): () => void {
    this.#assertOpen();
    if (this.#protocols.has(protocol)) {
      throw new ChorusError('E_NETWORK_DUPLICATE', 'the protocol already has a handler');
    }
    this.#protocols.set(protocol, handler);
    return () => {
      if (this.#protocols.get(protocol) === handler) this.#protocols.delete(protocol);
    };
  }

  async request(
    peer: string,
    protocol: string,
    data: Uint8Array,
    options: RequestOptions,
  ): Promise<Uint8Array> {
    this.#assertOpen();
    options.signal?.throwIfAborted();
    const facts = { peer, protocol };
    if (data.length > MAX_MESSAGE_BYTES) {
      throw new ChorusError('E_NETWORK_TOO_LARGE', 'the request is too long to send', { facts });
    }
    const node = this.#hub.nodes.get(peer);
    const known = this.#known.has(peer) || this.peers().includes(peer);
    const fail = (cause: string) =>
      new ChorusError('E_NETWORK_REQUEST', 'the peer did not answer', { facts: { ...facts, cause } });
    if (!node || !known) throw fail('peer gone');
    this.#hub.link(this.peerId, peer);
    const handler = node.#protocols.get(protocol);
    if (!handler) throw fail('unknown protocol');
    const timeout = AbortSignal.timeout(Math.ceil(options.timeoutMs));
    const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
    const response = await new Promise<Uint8Array>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(timeout.aborted ? fail('timeout') : signal.reason), {
        once: true,
      });
      tick()
        .then(() => handler(data.slice(), this.peerId))
        .then(resolve, (error) => reject(fail(String(error))));
    });
    if (response.length > options.maxResponseBytes) {
      throw new ChorusError('E_NETWORK_TOO_LARGE', 'the response is longer than asked for', { facts });
    }
    if (response.length > MAX_MESSAGE_BYTES) throw fail('response too long');
    return response.slice();
  }

  serve(handler: HttpHandler, options: ServeOptions = {}): () => void {
    this.#assertOpen();
    return this.#http.serve(handler, options);
  }

  async fetch(peer: string, request: Request, options: FetchOptions): Promise<Response> {
    this.#assertOpen();
    const known = peer === this.peerId || this.#known.has(peer) || this.peers().includes(peer);
    const node = known ? this.#hub.nodes.get(peer) : undefined;
    if (node) this.#hub.link(this.peerId, peer);
    return await this.#http.fetch(this.peerId, peer, node ? node.#http : undefined, request, options);
  }

  blame(peer: string): void {
    this.blamed.push(peer);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#http.close();
    this.#hub.unlink(this.peerId);
    this.#hub.nodes.delete(this.peerId);
    this.#topics.clear();
    this.#protocols.clear();
  }

  #assertOpen(): void {
    if (this.#closed) throw new ChorusError('E_NETWORK_CLOSED', 'the network is closed');
  }
}

function pair(a: string, b: string): string {
  return a < b ? `${a}|${b}` : `${b}|${a}`;
}

/** Nothing on a network arrives before the call that sent it returns. */
function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
