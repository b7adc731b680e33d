import { setTimeout as delay } from 'node:timers/promises';
import { type ChainRequests, isDevChain } from '@chorus/protocol';
import {
  type JsonRpcApiProviderOptions,
  type JsonRpcPayload,
  JsonRpcProvider,
  type JsonRpcResult,
  Network,
} from 'ethers';
import { ChainError, toChainError } from '../errors/errors.ts';
import { isInBackground, withPriority } from './background.ts';
import { Endpoint } from './endpoint.ts';

export { isDevChain };

/** Pauses between attempts of a read; a read may be repeated, a write never is (see `sender.ts`). */
const READ_RETRY_MS = [100, 400, 1600];

/** 50 ms leaves the chain's part of a round under a second; public endpoints count their requests. */
const DEV_POLL_MS = 50;
const POLL_MS = 2_000;

/** Default milliseconds between polls of a chain. */
export function pollInterval(chainId: number): number {
  return isDevChain(chainId) ? DEV_POLL_MS : POLL_MS;
}

/** Ten a second: public endpoints allow that for free. A development chain is local. */
const REQUESTS_PER_MINUTE = 600;

export interface OpenOptions {
  /** Timeout of the first request, which asks for the chain id. */
  timeoutMilliseconds?: number;
  /** Most requests a minute; by default 600; unbounded on a development chain. */
  requestsPerMinute?: number | undefined;
}

export interface OpenedProvider {
  provider: JsonRpcProvider;
  chainId: number;
  /** Statistics of the requests to the endpoint. */
  use: () => ChainRequests;
}

/**
 * Connect to a JSON-RPC endpoint.
 * @throws ChainError `E_CHAIN_UNREACHABLE`
 */
export async function openProvider(url: string, options: OpenOptions = {}): Promise<OpenedProvider> {
  const { timeoutMilliseconds } = options;
  const chainId = await chainIdOf(url, timeoutMilliseconds === undefined ? {} : { timeoutMilliseconds });
  const bound = options.requestsPerMinute ?? (isDevChain(chainId) ? undefined : REQUESTS_PER_MINUTE);
  const endpoint = new Endpoint(url, { requestsPerMinute: bound });
  const provider = new EndpointProvider(endpoint, Network.from(chainId), {
    staticNetwork: true,
    // One request per call, at once, never answered from a cache: phases last fractions of a second.
    batchMaxCount: 1,
    cacheTimeout: -1,
  });
  return { provider, chainId, use: () => endpoint.use() };
}

/** A provider that ends its requests when it is destroyed; that of ethers waits for their answers. */
class EndpointProvider extends JsonRpcProvider {
  readonly #endpoint: Endpoint;
  /** Parameters of requests in the background. */
  readonly #background = new WeakSet<object>();

  constructor(endpoint: Endpoint, network: Network, options: JsonRpcApiProviderOptions) {
    super(endpoint.request(), network, options);
    this.#endpoint = endpoint;
  }

  /** Requests are sent from a timer that the first of them starts: each keeps what it was asked with. */
  override send(method: string, params: unknown[] | Record<string, unknown>): Promise<unknown> {
    if (isInBackground()) this.#background.add(params);
    return super.send(method, params);
  }

  override _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    const isBackground = [payload].flat().every(({ params }) => this.#background.has(params));
    return withPriority(isBackground, () => super._send(payload));
  }

  override destroy(): void {
    this.#endpoint.close();
    super.destroy();
  }
}

/** Repeat a read that failed to reach the chain; a refusal is final. */
export async function read<T>(action: string, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const known = toChainError(error, action);
      const pause = READ_RETRY_MS[attempt];
      if (known.code !== 'E_CHAIN_UNREACHABLE' || pause === undefined || signal?.aborted) throw known;
      await delay(pause, undefined, signal ? { signal } : {}).catch(() => {
        throw known;
      });
    }
  }
}

/**
 * The chain id of an endpoint.
 * @throws ChainError `E_CHAIN_UNREACHABLE`
 */
export function readChainId(url: string): Promise<number> {
  return chainIdOf(url);
}

/** Result of one call to an endpoint, to diagnose it. */
export interface EndpointAnswer {
  result: unknown;
  milliseconds: number;
  /** The endpoint's clock, unix seconds; null if it does not send it. */
  date: number | null;
}

/**
 * Call an endpoint once, without retries. @throws ChainError `E_CHAIN_UNREACHABLE` with the fault, never with the
 * address
 */
export async function askEndpoint(
  url: string,
  method: string,
  params: unknown[],
  timeoutMilliseconds: number,
): Promise<EndpointAnswer> {
  const started = performance.now();
  const answer = await endpointOf(url, { timeoutMilliseconds }).call(method, params);
  return { ...answer, milliseconds: performance.now() - started };
}

async function chainIdOf(url: string, options: { timeoutMilliseconds?: number } = {}): Promise<number> {
  const endpoint = endpointOf(url, options);
  const { result } = await endpoint.call('eth_chainId');
  const chainId = Number(result);
  if (Number.isSafeInteger(chainId) && chainId > 0) return chainId;
  throw new ChainError('E_CHAIN_UNREACHABLE', 'no chain answers: the answer has no chain id', {
    facts: { endpoint: new URL(url).host },
    hint: 'check chain.url, or use another endpoint',
  });
}

/** @throws ChainError `E_CHAIN_INVALID_PARAMS` if it is not the address of an endpoint */
function endpointOf(url: string, options: { timeoutMilliseconds?: number }): Endpoint {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return new Endpoint(url, options);
  throw new ChainError('E_CHAIN_INVALID_PARAMS', 'this is not the address of a JSON-RPC endpoint', {
    hint: 'give one that begins with http:// or https://',
  });
}
