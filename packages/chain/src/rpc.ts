import { setTimeout as delay } from 'node:timers/promises';
import { FetchRequest, JsonRpcProvider, Network } from 'ethers';
import { ChainError, toChainError } from './errors/errors.ts';
import { boundedGetUrl } from './get-url.ts';

/** A request that takes longer is an endpoint that is down. */
const REQUEST_TIMEOUT_MS = 30_000;

/** Pauses between attempts of a read; a read may be repeated, a write never is (see `sender.ts`). */
const READ_RETRY_MS = [100, 400, 1600];

/** Chain ids of development chains: anvil and hardhat, geth --dev. */
const DEV_CHAINS = [31337, 1337];

/** True for a chain that runs on one machine for development. */
export function isDevChain(chainId: number): boolean {
  return DEV_CHAINS.includes(chainId);
}

/** 50 ms leaves the chain's part of a round under a second; public endpoints count their requests. */
const DEV_POLL_MS = 50;
const POLL_MS = 2_000;

/** How often to ask a chain for news where nobody says otherwise. */
export function pollInterval(chainId: number): number {
  return isDevChain(chainId) ? DEV_POLL_MS : POLL_MS;
}

/**
 * Connect to a JSON-RPC endpoint. The timeout is that of the first request, which asks for the chain id.
 * @throws ChainError `E_CHAIN_UNREACHABLE`
 */
export async function openProvider(
  url: string,
  timeoutMilliseconds = REQUEST_TIMEOUT_MS,
): Promise<{ provider: JsonRpcProvider; chainId: number }> {
  const chainId = await chainIdOf(url, timeoutMilliseconds);
  const provider = new JsonRpcProvider(request(url), Network.from(chainId), {
    staticNetwork: true,
    // One request per call, at once, never answered from a cache: phases last fractions of a second.
    batchMaxCount: 1,
    cacheTimeout: -1,
  });
  return { provider, chainId };
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
 * The chain that an endpoint is of.
 * @throws ChainError `E_CHAIN_UNREACHABLE`
 */
export function readChainId(url: string): Promise<number> {
  return chainIdOf(url, REQUEST_TIMEOUT_MS);
}

async function chainIdOf(url: string, timeoutMilliseconds: number): Promise<number> {
  try {
    const call = request(url);
    call.timeout = timeoutMilliseconds;
    call.body = { jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] };
    const response = await call.send();
    response.assertOk();
    const chainId = Number(response.bodyJson.result);
    if (!Number.isSafeInteger(chainId) || chainId <= 0) throw new Error('eth_chainId gave no chain id');
    return chainId;
  } catch (cause) {
    throw new ChainError('E_CHAIN_UNREACHABLE', 'no chain answers at this URL', {
      facts: { url: withoutSecrets(url) },
      hint: 'check the URL of the JSON-RPC endpoint and that it is up',
      cause,
    });
  }
}

function request(url: string): FetchRequest {
  const fetch = new FetchRequest(url);
  fetch.timeout = REQUEST_TIMEOUT_MS;
  fetch.getUrlFunc = boundedGetUrl;
  return fetch;
}

/** Hosted endpoints carry their key in the path or the query: errors and logs show the host alone. */
function withoutSecrets(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return 'not a URL';
  }
}
