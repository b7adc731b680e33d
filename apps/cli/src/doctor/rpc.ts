import { askEndpoint, type EndpointAnswer } from '@chorus/chain';

/** Time an endpoint has for one answer. */
const TIMEOUT_MILLISECONDS = 8_000;

/** One request over JSON-RPC, asked as a node asks, with the time it took. */
export function ask(url: string, method: string, params: unknown[] = []): Promise<EndpointAnswer> {
  return askEndpoint(url, method, params, TIMEOUT_MILLISECONDS);
}
