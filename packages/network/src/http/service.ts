import { ChorusError, type FetchOptions, type HttpHandler, type ServeOptions } from '@chorus/protocol';
import type { Libp2p } from '@libp2p/interface';
import type { HttpClient } from './client.ts';
import { hostOfPeer } from './host-of-peer.ts';
import { HTTP_PROTOCOL, MAX_HTTP_STREAMS_PER_PEER } from './limits.ts';
import { type HttpOffence, HttpServer } from './server.ts';

export interface HttpServiceParts {
  libp2p: Libp2p;
  closing: AbortSignal;
  blame: (peer: string, offence: HttpOffence) => void;
  count: (outcome: 'served' | 'refused' | 'failed') => void;
}

/** HTTP with peers, both ways. */
export class HttpService {
  readonly #parts: HttpServiceParts;
  #client: Promise<HttpClient> | null = null;
  #server: HttpServer | undefined;
  /** libp2p's calls are asynchronous: one change after the other. */
  #registering: Promise<void> = Promise.resolve();
  #registered = false;

  constructor(parts: HttpServiceParts) {
    this.#parts = parts;
  }

  serve(handler: HttpHandler, options: ServeOptions): () => void {
    if (this.#server) throw new ChorusError('E_NETWORK_DUPLICATE', 'HTTP requests already have a handler');
    const { libp2p, blame, count } = this.#parts;
    const server = new HttpServer({
      authority: hostOfPeer(libp2p.peerId.toString()),
      handler,
      options,
      blame,
      count,
    });
    this.#server = server;
    this.#sync();
    return () => {
      server.close();
      if (this.#server !== server) return;
      this.#server = undefined;
      this.#sync();
    };
  }

  #sync(): void {
    const { libp2p, closing } = this.#parts;
    this.#registering = this.#registering
      .then(async () => {
        const wanted = this.#server !== undefined;
        if (closing.aborted || wanted === this.#registered) return;
        this.#registered = wanted;
        if (!wanted) return await libp2p.unhandle(HTTP_PROTOCOL);
        await libp2p.handle(
          HTTP_PROTOCOL,
          (stream, connection) => {
            if (this.#server) this.#server.accept(stream, connection);
            else stream.abort(new Error('not served'));
          },
          {
            maxInboundStreams: MAX_HTTP_STREAMS_PER_PEER,
            maxOutboundStreams: MAX_HTTP_STREAMS_PER_PEER,
            runOnLimitedConnection: true,
          },
        );
      })
      // libp2p refuses only while it stops, and then there is no peer left to serve.
      .catch(() => undefined);
  }

  async fetch(peer: string, request: Request, options: FetchOptions): Promise<Response> {
    // Loaded with the first request: undici is large, and most nodes only answer.
    const { libp2p, closing } = this.#parts;
    this.#client ??= import('./client.ts').then(({ HttpClient }) => new HttpClient(libp2p, closing));
    return await (await this.#client).fetch(peer, request, options);
  }

  async close(): Promise<void> {
    this.#server?.close();
    this.#server = undefined;
    await (await this.#client)?.close();
  }
}
