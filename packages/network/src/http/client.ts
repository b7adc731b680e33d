import { Readable } from 'node:stream';
import type { ReadableStream as NodeStream } from 'node:stream/web';
import { type FetchOptions, MAX_HTTP_HEADER_BYTES, MAX_HTTP_OPEN_REQUESTS } from '@chorus/protocol';
import type { Libp2p } from '@libp2p/interface';
import { peerIdFromCID } from '@libp2p/peer-id';
import { base36 } from 'multiformats/bases/base36';
import { CID } from 'multiformats/cid';
import { Agent, type buildConnector, type Dispatcher } from 'undici';
import { Exchange, failed } from './exchange.ts';
import { hostOfPeer } from './host-of-peer.ts';
import { HTTP_IDLE_MS, HTTP_PROTOCOL } from './limits.ts';
import { StreamSocket } from './stream-socket.ts';

/** Sends HTTP requests to peers, one a stream, by undici: bodies stream, with back-pressure, both ways. */
export class HttpClient {
  readonly #libp2p: Libp2p;
  readonly #agent: Agent;
  readonly #closing: AbortSignal;

  constructor(libp2p: Libp2p, closing: AbortSignal) {
    this.#libp2p = libp2p;
    this.#closing = closing;
    this.#agent = new Agent({
      connections: MAX_HTTP_OPEN_REQUESTS,
      pipelining: 0,
      maxHeaderSize: MAX_HTTP_HEADER_BYTES,
      // The caller's own time-out ends what has no answer.
      headersTimeout: 0,
      bodyTimeout: HTTP_IDLE_MS,
      connect: (options, callback) => void this.#connect(options.hostname, callback),
    });
  }

  async #connect(host: string, callback: buildConnector.Callback): Promise<void> {
    try {
      const peer = peerIdFromCID(CID.parse(host, base36) as Parameters<typeof peerIdFromCID>[0]);
      const stream = await this.#libp2p.dialProtocol(peer, HTTP_PROTOCOL, {
        signal: this.#closing,
        negotiateFully: true,
        // Through a relay too: it reaches agents behind a NAT.
        runOnLimitedConnection: true,
      });
      const connection = this.#libp2p.getConnections(peer).find((open) => open.streams.includes(stream));
      if (!connection) throw new Error('the connection has ended');
      callback(null, new StreamSocket(stream, connection) as never);
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)), null);
    }
  }

  /** @throws ChorusError `E_NETWORK_REQUEST`, `E_NETWORK_TOO_LARGE`; the signal's reason if the caller aborts */
  async fetch(peer: string, request: Request, options: FetchOptions): Promise<Response> {
    options.signal?.throwIfAborted();
    let host: string;
    try {
      host = hostOfPeer(peer);
    } catch (cause) {
      throw failed('this is not a peer id', peer.slice(0, 80), cause);
    }
    const exchange = new Exchange(peer, request, options, this.#closing);
    const { pathname, search } = new URL(request.url);
    try {
      // Not undici's fetch: a stream that is reset right after the head leaves its body waiting for ever (8.12).
      const response = await this.#agent.request({
        origin: `http://${host}`,
        path: `${pathname}${search}`,
        method: request.method as Dispatcher.HttpMethod,
        headers: [...request.headers].flat(),
        body: request.body ? Readable.fromWeb(request.body as NodeStream<Uint8Array>) : null,
        signal: exchange.signal,
      });
      return exchange.received(response);
    } catch (cause) {
      throw exchange.failure(cause);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
