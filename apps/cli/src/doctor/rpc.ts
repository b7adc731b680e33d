import { askEndpoint, type EndpointAnswer } from '@chorus/chain';

/** Time limit for one answer of an endpoint. */
const TIMEOUT_MILLISECONDS = 8_000;

/** One JSON-RPC request, sent as a node sends it, with the time it took. */
export function ask(url: string, method: string, params: unknown[] = []): Promise<EndpointAnswer> {
  return askEndpoint(url, method, params, TIMEOUT_MILLISECONDS);
}
