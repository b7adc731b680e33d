import { type ChainRequests, keepUrlSecret, reasonOf } from '@chorus/protocol';
import { FetchRequest, type GetUrlResponse } from 'ethers';
import PQueue from 'p-queue';
import { ChainError } from '../errors/errors.ts';
import { isInBackground } from './background.ts';
import { boundedGetUrl } from './bounded-fetch.ts';
import { limitOf, PauseClock } from './rate-limit.ts';

/** Request timeout: an endpoint that takes longer is down. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** Longest pause that a request waits for: if the endpoint asks for a longer one, the request fails at once. */
const MAX_WAIT_MS = 10_000;

/** Most requests that wait for their turn; more mean that a caller asks without end. */
const MAX_WAITING = 2_000;
/** Of those in the background. */
const MAX_BACKGROUND = 500;

/** Milliseconds over which the bound on requests applies: a phase begins with a few dozen of them at once. */
const WINDOW_MS = 6_000;

const MINUTE_MS = 60_000;

export interface EndpointOptions {
  /** Most requests a minute; unbounded by default. */
  requestsPerMinute?: number | undefined;
  timeoutMilliseconds?: number;
}

/**
 * One JSON-RPC endpoint over HTTP: requests are bounded in time, in size and by the minute, and an endpoint that
 * limits its rate gets no requests for as long as it asks, after which a single request finds out whether it has
 * recovered. Failures are `ChainError`s with their own messages: library messages contain the address, which contains
 * a key.
 */
export class Endpoint {
  readonly #url: string;
  readonly #timeout: number;
  readonly #limit: number | null;
  readonly #queue: PQueue;
  readonly #pauses = new PauseClock();
  /** Unix milliseconds of requests, the last minute's. */
  readonly #sent: number[] = [];
  readonly #closing = new AbortController();
  #limited = 0;
  #resume: NodeJS.Timeout | undefined;

  constructor(url: string, { requestsPerMinute, timeoutMilliseconds }: EndpointOptions = {}) {
    keepUrlSecret(url);
    this.#url = url;
    this.#timeout = timeoutMilliseconds ?? REQUEST_TIMEOUT_MS;
    this.#limit = requestsPerMinute ?? null;
    this.#queue = new PQueue(
      this.#limit === null
        ? {}
        : {
            interval: WINDOW_MS,
            intervalCap: Math.max(1, Math.floor((this.#limit * WINDOW_MS) / MINUTE_MS)),
          },
    );
  }

  /** The request object for ethers, which copies it for each request. */
  request(): FetchRequest {
    const fetch = new FetchRequest(this.#url);
    fetch.timeout = this.#timeout;
    fetch.getUrlFunc = (request, signal) => this.#send(request, signal);
    // ethers reads the seconds of Retry-After as milliseconds.
    fetch.retryFunc = async () => false;
    return fetch;
  }

  /**
   * One call, with the time that the endpoint's clock shows, unix seconds; null if it does not send it.
   * @throws ChainError `E_CHAIN_UNREACHABLE`
   */
  async call(method: string, params: unknown[] = []): Promise<{ result: unknown; date: number | null }> {
    const request = this.request();
    request.body = { jsonrpc: '2.0', id: 1, method, params };
    const response = await request.send();
    const { result, error } = response.bodyJson as { result?: unknown; error?: { message?: unknown } };
    if (error) throw this.#fault(`the endpoint answers: ${String(error.message ?? 'an error')}`, ANOTHER);
    const date = Date.parse(response.headers.date ?? '');
    return { result, date: Number.isNaN(date) ? null : date / 1000 };
  }

  /** End the requests under way and those that wait: each fails with `E_CHAIN_UNREACHABLE`, and so does every later one. */
  close(): void {
    this.#closing.abort();
    clearTimeout(this.#resume);
  }

  use(): ChainRequests {
    this.#forget();
    return {
      lastMinute: this.#sent.length,
      limit: this.#limit,
      limited: this.#limited,
      pausedUntil: this.#pauses.until > Date.now() ? this.#pauses.until : null,
    };
  }

  async #send(
    request: FetchRequest,
    cancelled: Parameters<typeof boundedGetUrl>[1],
  ): Promise<GetUrlResponse> {
    const wait = this.#pauses.until - Date.now();
    const isBackground = isInBackground();
    const most = isBackground ? MAX_BACKGROUND : MAX_WAITING;
    if (wait > MAX_WAIT_MS || this.#queue.size >= most) throw this.#tooMany(Math.max(0, wait));
    const { signal } = this.#closing;
    return await this.#queue
      .add(() => this.#now(request, cancelled), { signal, priority: isBackground ? -1 : 0 })
      .catch((error) => {
        throw signal.aborted ? this.#closed() : error;
      });
  }

  async #now(request: FetchRequest, cancelled: Parameters<typeof boundedGetUrl>[1]): Promise<GetUrlResponse> {
    // Requests that waited while the pause was extended.
    const wait = this.#pauses.until - Date.now();
    if (wait > 0) throw this.#tooMany(wait);
    this.#forget();
    this.#sent.push(Date.now());
    let response: GetUrlResponse;
    try {
      response = await boundedGetUrl(request, cancelled, this.#closing.signal);
    } catch (cause) {
      throw (cause as { code?: unknown }).code === 'CANCELLED'
        ? cause
        : this.#fault(reasonOf(cause), IS_UP, cause);
    }
    const limit = limitOf(response);
    if (limit) throw this.#pause(limit.seconds);
    this.#well();
    const fault = faultOf(response);
    if (fault) throw this.#fault(...fault);
    return response;
  }

  /** Send no requests for a while. */
  #pause(seconds: number | null): ChainError {
    this.#limited++;
    const wait = this.#pauses.pause(seconds);
    this.#queue.pause();
    clearTimeout(this.#resume);
    this.#resume = setTimeout(() => {
      // One request tests the endpoint; the waiting ones follow it.
      this.#pauses.end();
      this.#queue.concurrency = 1;
      this.#queue.start();
    }, wait);
    this.#resume.unref();
    return this.#tooMany(wait);
  }

  #well(): void {
    this.#pauses.clear();
    this.#queue.concurrency = Number.POSITIVE_INFINITY;
  }

  #closed(): ChainError {
    return this.#fault('the connection was closed', 'nothing to do: this process ended it');
  }

  #tooMany(wait: number): ChainError {
    return this.#fault(
      'the endpoint has had too many requests',
      'use an endpoint with a larger quota, or send fewer requests: chain.requestsPerMinute, chain.pollMilliseconds',
      undefined,
      { pauseSeconds: Math.ceil(wait / 1000) },
    );
  }

  #fault(message: string, hint: string, cause?: unknown, facts: Record<string, number> = {}): ChainError {
    return new ChainError('E_CHAIN_UNREACHABLE', `no chain answers: ${message}`, {
      facts: { endpoint: new URL(this.#url).host, ...facts },
      hint,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  #forget(): void {
    const oldest = Date.now() - MINUTE_MS;
    const kept = this.#sent.findIndex((at) => at > oldest);
    this.#sent.splice(0, kept < 0 ? this.#sent.length : kept);
  }
}

const IS_UP = 'check chain.url, and that the endpoint is up';
const ANOTHER = 'check chain.url, or use another endpoint';
const KEY = 'check the access key in chain.url';
const PORTAL = 'check chain.url; a login page of the network or another service may be in between';

/** Meaning of an answer that is not JSON-RPC, and what to do. */
function faultOf({ statusCode, body }: GetUrlResponse): [message: string, hint: string] | null {
  if (statusCode === 401 || statusCode === 403) return ['the endpoint refuses the access key', KEY];
  if (statusCode === 402) return ["the endpoint's quota is used up", ANOTHER];
  if (statusCode === 404) return ['the endpoint has nothing at this path', KEY];
  if (statusCode === 405) return ['the endpoint is not a JSON-RPC service', ANOTHER];
  if (statusCode >= 500) return ['the endpoint is failing', 'wait, or take another endpoint'];
  // ethers follows these.
  if (statusCode >= 300 && statusCode < 400) return null;
  const begin = new TextDecoder().decode(body?.subarray(0, 64) ?? new Uint8Array()).trimStart();
  if (!/^[{[]/.test(begin)) return ['the server that answers is not a JSON-RPC service', PORTAL];
  return statusCode === 200 ? null : ['the endpoint refuses the request', ANOTHER];
}
