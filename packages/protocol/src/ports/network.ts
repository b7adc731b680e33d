/** A topic handler's decision on a message: pass it on, drop it quietly, or drop it and blame the sender. */
export type Verdict = 'accept' | 'ignore' | 'reject';

export interface TopicMessage {
  topic: string;
  data: Uint8Array;
  /** The peer that signed the message; gossip is strictly signed. */
  from: string;
  /** The neighbour that brought it: its author, or a peer that passed it on. */
  via: string;
}

/** Decides about each message before it is forwarded, and acts on those it accepts. */
export type TopicHandler = (message: TopicMessage) => Verdict | Promise<Verdict>;

/** Answers one request of a peer; throwing resets the stream. */
export type RequestHandler = (request: Uint8Array, from: string) => Promise<Uint8Array>;

export interface RequestOptions {
  /** Give up after this long; any fraction of a millisecond is rounded up. */
  timeoutMs: number;
  maxResponseBytes: number;
  signal?: AbortSignal;
}

/**
 * Answers one HTTP request of a peer. `from` is the peer's id, proven by the connection; nothing in the request can
 * change it. The request's signal aborts when the asker leaves or the network closes. The host of its URL is this node's
 * own id, whatever the asker wrote. A handler that throws is answered with status 500.
 */
export type HttpHandler = (request: Request, from: string) => Response | Promise<Response>;

export interface ServeOptions {
  /** Most bytes of a request's body; beyond it the answer is 413. Default: MAX_HTTP_REQUEST_BYTES. */
  maxRequestBytes?: number;
}

export interface FetchOptions {
  /** Give up if the head of the response has not arrived after this long; its body may take longer. */
  timeoutMs: number;
  /** Most bytes of the response's body; reading beyond it fails. */
  maxResponseBytes: number;
  /** Aborts the request, also while the response's body arrives. */
  signal?: AbortSignal;
}

/** Peer-to-peer messaging. Implemented over libp2p, and in memory for tests. */
export interface NetworkPort {
  /** This node's peer id. */
  readonly peerId: string;
  /** Addresses others can dial, ending in /p2p/<peer id>. */
  multiaddrs(): string[];
  /** Connected peers. */
  peers(): string[];
  /**
   * Connect to an address or to a peer whose address is known.
   * @throws ChorusError `E_NETWORK_DIAL`
   */
  connect(target: string, options?: { signal?: AbortSignal; timeoutMs?: number }): Promise<void>;
  /** Remember addresses of a peer (from a signed presence message) for later connects. */
  learn(peerId: string, multiaddrs: string[]): Promise<void>;
  /** Receive a topic; returns the function that ends it. One handler per topic. */
  subscribe(topic: string, handler: TopicHandler): () => void;
  /**
   * Send to all subscribers. Does not echo to the sender's own handler.
   * @throws ChorusError `E_NETWORK_TOO_LARGE` beyond MAX_GOSSIP_BYTES
   */
  publish(topic: string, data: Uint8Array): Promise<void>;
  /** Serve a request protocol; returns the function that ends it. Requests over MAX_MESSAGE_BYTES are refused. */
  handle(protocol: string, handler: RequestHandler): () => void;
  /**
   * One request, one response, over its own stream.
   * @throws ChorusError `E_NETWORK_REQUEST` (facts: peer, protocol, cause), `E_NETWORK_TOO_LARGE`
   */
  request(peer: string, protocol: string, data: Uint8Array, options: RequestOptions): Promise<Uint8Array>;
  /**
   * Answer HTTP requests of peers, sent with {@link NetworkPort.fetch} or by any libp2p node that speaks HTTP over
   * streams. Returns the function that ends it, which also ends requests in progress. One handler at a time.
   * @throws ChorusError `E_NETWORK_DUPLICATE`
   */
  serve(handler: HttpHandler, options?: ServeOptions): () => void;
  /**
   * Send an HTTP request to a peer. Bodies stream both ways. Only path and query of the request's URL count: the peer
   * is the host. Redirects are returned, not followed.
   * @throws ChorusError `E_NETWORK_REQUEST` (facts: peer, cause), `E_NETWORK_TOO_LARGE`; the signal's reason if the
   * caller aborts. The response's body fails with the same.
   */
  fetch(peer: string, request: Request, options: FetchOptions): Promise<Response>;
  /**
   * Report that a peer gave a wrong summary of a settled round: its score falls, and repeated offences ban
   * it.
   */
  blame(peer: string, offence: 'wrong-summary'): void;
  close(): Promise<void>;
}
