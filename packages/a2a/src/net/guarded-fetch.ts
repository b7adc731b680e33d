import { Readable } from 'node:stream';
import type { ReadableStream as NodeStream } from 'node:stream/web';
import type { Agent, Dispatcher } from 'undici';
import { type GuardOptions, guardedAgent, guardedUrl } from './guarded-agent.ts';

/** Statuses of responses that have no body (Fetch, section "Statuses"). */
const NO_BODY = new Set([101, 103, 204, 205, 304]);

/**
 * Sends a request. Redirects are returned, not followed. The signal ends it, also while the body arrives; it is not
 * the request's own, which follows others only as long as the Request is not collected as garbage.
 */
export type SendRequest = (request: Request, signal: AbortSignal) => Promise<Response>;

let strict: Agent | undefined;
let open: Agent | undefined;

/** One for all: its connections are pooled. */
function agentFor(options: GuardOptions): Agent {
  if (options.allowPrivate) open ??= guardedAgent(options);
  else strict ??= guardedAgent();
  return (options.allowPrivate ? open : strict)!;
}

/**
 * `fetch` for URLs that strangers gave: https to public addresses. It follows no redirect, and keeps no cookies.
 * @throws ChorusError `E_A2A_URL`
 */
export function guardedFetch(options: GuardOptions = {}): SendRequest {
  return async (request, signal) => {
    const url = guardedUrl(request.url, options);
    const { statusCode, headers, body } = await agentFor(options).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method as Dispatcher.HttpMethod,
      headers: [...request.headers].flat(),
      body: request.body ? Readable.fromWeb(request.body as NodeStream<Uint8Array>) : null,
      signal,
    });
    const bodyless = NO_BODY.has(statusCode);
    if (bodyless) body.on('error', () => undefined).resume();
    return new Response(bodyless ? null : webStream(body), {
      status: statusCode,
      headers: Object.entries(headers).flatMap(([name, value]) =>
        [value ?? []].flat().map((one): [string, string] => [name, one]),
      ),
    });
  };
}

/** A body as a web stream. That of Node's own adapter throws where no one can catch it, if it is cancelled while data arrives. */
function webStream(body: Readable): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          controller.error(error);
        }
      },
      cancel() {
        body.on('error', () => undefined).destroy();
      },
    },
    { highWaterMark: 0 },
  );
}
