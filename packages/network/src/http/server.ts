import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  ChorusError,
  type HttpHandler,
  hasCode,
  MAX_HTTP_HEADER_BYTES,
  MAX_HTTP_REQUEST_BYTES,
  type ServeOptions,
} from '@chorus/protocol';
import type { Connection, Stream } from '@libp2p/interface';
import { RateLimiter } from '@libp2p/utils';
import {
  HTTP_HEAD_MS,
  HTTP_IDLE_MS,
  HTTP_REFUSED_LINGER_MS,
  HTTP_REQUEST_MS,
  HTTP_WINDOW_S,
  MAX_HTTP_REQUESTS_PER_WINDOW,
  MAX_HTTP_STREAMS,
  MAX_HTTP_STREAMS_PER_PEER,
} from './limits.ts';
import { boundedBody, hasBody, toRequest, writeResponse } from './message.ts';
import { StreamSocket } from './stream-socket.ts';

/** What a peer may do wrong over HTTP. */
export type HttpOffence = 'http-malformed' | 'http-oversized' | 'unfinished-request' | 'http-flood';

export interface HttpServerParts {
  /** Host of the URLs that handlers see. */
  authority: string;
  handler: HttpHandler;
  options: ServeOptions;
  blame: (peer: string, offence: HttpOffence) => void;
  count: (outcome: 'served' | 'refused' | 'failed') => void;
}

/**
 * Answers HTTP requests on libp2p streams, one request a stream: a stream costs less than a round trip to open, and
 * what holds only one request is bounded with one deadline.
 */
export class HttpServer {
  readonly #parts: HttpServerParts;
  readonly #maxBytes: number;
  readonly #server: Server;
  readonly #sockets = new Set<StreamSocket>();
  readonly #open = new Map<string, number>();
  readonly #rate = new RateLimiter({
    points: MAX_HTTP_REQUESTS_PER_WINDOW,
    duration: HTTP_WINDOW_S,
    keyPrefix: '',
  });
  readonly #closing = new AbortController();

  constructor(parts: HttpServerParts) {
    this.#parts = parts;
    this.#maxBytes = parts.options.maxRequestBytes ?? MAX_HTTP_REQUEST_BYTES;
    this.#server = createServer({ maxHeaderSize: MAX_HTTP_HEADER_BYTES, insecureHTTPParser: false });
    this.#server.maxRequestsPerSocket = 1;
    this.#server.timeout = HTTP_IDLE_MS;
    this.#server.on('request', (message, out) => void this.#answer(message, out));
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#refuse(error, socket));
  }

  /** Take a stream of a peer, or reset it if the peer, or all together, have too many. */
  accept(stream: Stream, connection: Connection): void {
    const peer = connection.remotePeer.toString();
    const open = this.#open.get(peer) ?? 0;
    const full = open >= MAX_HTTP_STREAMS_PER_PEER || this.#sockets.size >= MAX_HTTP_STREAMS;
    if (full || this.#closing.signal.aborted) {
      this.#parts.count('refused');
      stream.abort(new Error('not served'));
      return;
    }
    const socket = new StreamSocket(stream, connection);
    this.#open.set(peer, open + 1);
    this.#sockets.add(socket);
    const head = this.#deadline(socket, HTTP_HEAD_MS);
    const whole = this.#deadline(socket, HTTP_REQUEST_MS);
    this.#deadlines.set(socket, { head, whole });
    socket.on('error', () => undefined);
    // The socket may end before the stream does, which still waits for its reader.
    stream.addEventListener('close', () => this.#release(socket), { once: true });
    socket.once('close', () => {
      clearTimeout(head);
      clearTimeout(whole);
    });
    this.#server.emit('connection', socket);
  }

  readonly #deadlines = new WeakMap<StreamSocket, { head: NodeJS.Timeout; whole: NodeJS.Timeout }>();

  #deadline(socket: StreamSocket, ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#parts.count('refused');
      this.#parts.blame(socket.peer, 'unfinished-request');
      socket.destroy(new Error('the request was not finished in time'));
    }, ms).unref();
  }

  #release(socket: StreamSocket): void {
    if (!this.#sockets.delete(socket)) return;
    const left = (this.#open.get(socket.peer) ?? 1) - 1;
    if (left > 0) this.#open.set(socket.peer, left);
    else this.#open.delete(socket.peer);
  }

  async #answer(message: IncomingMessage, out: ServerResponse): Promise<void> {
    const socket = message.socket as Socket & StreamSocket;
    const deadlines = this.#deadlines.get(socket);
    clearTimeout(deadlines?.head);
    message.once('end', () => clearTimeout(deadlines?.whole));
    const left = new AbortController();
    // The request is kept until the end: its signal follows ours only as long as it exists (undici holds it weakly).
    const kept: { request?: Request | null } = {};
    out.once('close', () => {
      clearTimeout(deadlines?.whole);
      if (!out.writableFinished) left.abort(this.#closing.signal.reason ?? new Error('the asker has left'));
      delete kept.request;
    });
    try {
      const response =
        this.#atOnce(message, socket.peer) ?? (await this.#handled(message, socket.peer, left.signal, kept));
      await writeResponse(response, out);
      this.#parts.count(response.status < 500 ? 'served' : 'failed');
    } catch {
      this.#parts.count('failed');
      out.destroy();
    }
  }

  /** The answer to a request that no handler sees. */
  #atOnce(message: IncomingMessage, peer: string): Response | null {
    try {
      this.#rate.consume(peer);
    } catch {
      this.#parts.blame(peer, 'http-flood');
      return plain(429, 'too many requests', { 'retry-after': String(HTTP_WINDOW_S) });
    }
    if (Number(message.headers['content-length'] ?? 0) > this.#maxBytes) return this.#tooLarge();
    return null;
  }

  #tooLarge(): Response {
    return plain(413, `a request may have ${this.#maxBytes} bytes`);
  }

  async #handled(
    message: IncomingMessage,
    peer: string,
    signal: AbortSignal,
    kept: { request?: Request | null },
  ): Promise<Response> {
    const exceeded = () => this.#parts.blame(peer, 'http-oversized');
    const body = hasBody(message) ? boundedBody(message, this.#maxBytes, exceeded) : null;
    // No one reads it, and only then it ends: the deadline of the request must not end a long answer.
    if (!body) message.resume();
    const request = toRequest(message, this.#parts.authority, body, signal);
    kept.request = request;
    if (!request) return plain(400, 'not a request that can be served');
    try {
      return await this.#parts.handler(request, peer);
    } catch (error) {
      if (hasCode(error, 'E_NETWORK_TOO_LARGE')) return this.#tooLarge();
      return plain(500, 'the handler failed');
    }
  }

  /** What is not HTTP, or has too long a head. */
  #refuse(error: NodeJS.ErrnoException, socket: unknown): void {
    if (!(socket instanceof StreamSocket)) return;
    const overflow = error.code === 'HPE_HEADER_OVERFLOW';
    if (error.code?.startsWith('HPE_') && !socket.destroyed) {
      this.#parts.count('refused');
      this.#parts.blame(socket.peer, overflow ? 'http-oversized' : 'http-malformed');
      const status = overflow ? '431 Request Header Fields Too Large' : '400 Bad Request';
      socket.lingerMs = HTTP_REFUSED_LINGER_MS;
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      socket.destroySoon();
    } else {
      socket.destroy();
    }
  }

  /** Ends every request in progress. */
  close(): void {
    this.#closing.abort(new ChorusError('E_NETWORK_CLOSED', 'this is no longer served'));
    for (const socket of this.#sockets) socket.destroy(new Error('no longer served'));
    this.#server.close();
  }
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
  });
}
