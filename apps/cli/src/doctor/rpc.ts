/** Time an endpoint has for one answer. */
const TIMEOUT_MILLISECONDS = 8_000;

export interface RpcAnswer {
  result: unknown;
  milliseconds: number;
  /** The server's clock, unix seconds, where it tells. */
  date: number | null;
}

/** One request over JSON-RPC, with the time it took. */
export async function ask(url: string, method: string, params: unknown[] = []): Promise<RpcAnswer> {
  const started = performance.now();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
  });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message?: string } };
  if (error) throw new Error(error.message ?? 'the endpoint refused');
  const date = Date.parse(response.headers.get('date') ?? '');
  return {
    result,
    milliseconds: performance.now() - started,
    date: Number.isNaN(date) ? null : date / 1000,
  };
}
