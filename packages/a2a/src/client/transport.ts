import { ChorusError, type NetworkPort, reasonOf } from '@chorus/protocol';
import { parsePeerUrl } from '../card/binding.ts';
import { boundedResponse } from '../net/bounded.ts';
import type { GuardOptions } from '../net/guarded-agent.ts';
import { guardedFetch, type SendRequest } from '../net/guarded-fetch.ts';

/** How agents are reached, and how much is taken from them. */
export interface TransportOptions extends GuardOptions {
  /** Reaches `libp2p://` URLs. */
  network?: Pick<NetworkPort, 'fetch'>;
  /**
   * Reaches http(s) URLs, instead of a `fetch` that only public addresses can be reached by. Must not follow
   * redirects.
   */
  fetch?: SendRequest;
  /** Most bytes of one response, of an event stream as a whole; 64 MiB by default. */
  maxResponseBytes?: number;
  /** Longest wait for the head of a response, milliseconds; 120,000 by default. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 120_000;

/**
 * Sends requests to http(s) and libp2p URLs, with the limits of both.
 * @throws ChorusError `E_A2A_CALL`, `E_A2A_REDIRECT`, `E_A2A_URL`, `E_A2A_TOO_LARGE`; the signal's reason if the
 *   caller aborts
 */
export class Transport {
  readonly #options: TransportOptions;
  readonly #http: SendRequest;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#http = options.fetch ?? guardedFetch(options);
  }

  async send(
    url: string,
    init: RequestInit = {},
    maxBytes = this.#options.maxResponseBytes ?? MAX_RESPONSE_BYTES,
  ) {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const response = await this.#head(url, init, maxBytes).catch((cause: unknown) => {
      signal?.throwIfAborted();
      if (cause instanceof ChorusError && cause.code.startsWith('E_A2A_')) throw cause;
      throw new ChorusError('E_A2A_CALL', 'the agent does not answer', {
        facts: { url: url.slice(0, 200), cause: reasonOf(cause) },
        hint: 'check its address, and try again later: its node may be away',
        cause,
      });
    });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel().catch(() => undefined);
      throw new ChorusError('E_A2A_REDIRECT', 'the agent redirects, which is not followed', {
        facts: { url: url.slice(0, 200), to: response.headers.get('location')?.slice(0, 200) },
        hint: 'use the address it redirects to, if you trust it',
      });
    }
    return boundedResponse(response, maxBytes);
  }

  async #head(url: string, init: RequestInit, maxResponseBytes: number): Promise<Response> {
    const { network, signal, timeoutMs = TIMEOUT_MS } = this.#options;
    if (url.startsWith('libp2p:')) {
      const { identity, path } = parsePeerUrl(url);
      if (!network) {
        throw new ChorusError('E_A2A_URL', 'an agent at a peer is reached through a network', {
          facts: { url: url.slice(0, 200) },
          hint: 'pass the network of a running node',
        });
      }
      const request = new Request(`http://${identity.host}${path}`, { ...init, redirect: 'manual' });
      const options = { timeoutMs, maxResponseBytes, ...(signal ? { signal } : {}) };
      return await network.fetch(identity.peerId, request, options);
    }
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const ends = AbortSignal.any([
      late.signal,
      ...(signal ? [signal] : []),
      ...(init.signal ? [init.signal] : []),
    ]);
    try {
      const { signal: _, ...rest } = init;
      return await this.#http(new Request(url, { ...rest, redirect: 'manual' }), ends);
    } finally {
      clearTimeout(timer);
    }
  }
}
