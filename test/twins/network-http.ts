import {
  ChorusError,
  type FetchOptions,
  type HttpHandler,
  MAX_HTTP_HEADER_BYTES,
  MAX_HTTP_OPEN_REQUESTS,
  MAX_HTTP_REQUEST_BYTES,
  type ServeOptions,
} from '@chorus/protocol';

const text = new TextEncoder();

/** A handler that is served, and how many bytes of a request it takes. */
interface Served {
  handler: HttpHandler;
  maxBytes: number;
  closing: AbortController;
}

/** Requests that are being handled: a Request's signal follows its source only as long as the Request exists. */
const handled = new Map<AbortSignal, Request>();

/** HTTP between peers in memory: the handler is called, with the limits of the port. */
export class MemoryHttp {
  #served: Served | undefined;
  readonly #closing = new AbortController();
  /** Requests in progress and those that wait, by peer. */
  readonly #open = new Map<string, { running: number; waiting: (() => void)[] }>();

  serve(handler: HttpHandler, { maxRequestBytes = MAX_HTTP_REQUEST_BYTES }: ServeOptions): () => void {
    if (this.#served) throw new ChorusError('E_NETWORK_DUPLICATE', 'HTTP requests already have a handler');
    const served = { handler, maxBytes: maxRequestBytes, closing: new AbortController() };
    this.#served = served;
    return () => {
      served.closing.abort(new ChorusError('E_NETWORK_CLOSED', 'no longer served'));
      if (this.#served === served) this.#served = undefined;
    };
  }

  async fetch(
    from: string,
    peer: string,
    to: MemoryHttp | undefined,
    request: Request,
    options: FetchOptions,
  ): Promise<Response> {
    options.signal?.throwIfAborted();
    const fail = (cause: string) =>
      new ChorusError('E_NETWORK_REQUEST', 'the peer did not answer', { facts: { peer, cause } });
    if (!to) throw fail('peer gone');
    const late = AbortSignal.timeout(Math.ceil(options.timeoutMs));
    const own = [this.#closing.signal, request.signal, ...(options.signal ? [options.signal] : [])];
    const release = await this.#turn(peer);
    try {
      const served = to.#served;
      if (!served) throw fail('no handler');
      const ended = AbortSignal.any([...own, served.closing.signal, to.#closing.signal]);
      ended.addEventListener('abort', () => setImmediate(() => handled.delete(ended)), { once: true });
      const why = () => {
        if (options.signal?.aborted) return options.signal.reason;
        if (request.signal.aborted) return request.signal.reason;
        if (this.#closing.signal.aborted) return this.#closing.signal.reason;
        return fail(late.aborted ? 'timeout' : 'no longer served');
      };
      const answer = answerOf(served, from, peer, request, ended);
      const response = await orEnd(answer, AbortSignal.any([ended, late]), why);
      if (headBytes(response.headers) > MAX_HTTP_HEADER_BYTES) {
        throw new ChorusError('E_NETWORK_TOO_LARGE', "the response's head is too long", { facts: { peer } });
      }
      if (!response.body) {
        release();
        return response;
      }
      const reader = response.body.getReader();
      ended.addEventListener('abort', () => void reader.cancel(ended.reason).catch(() => undefined), {
        once: true,
      });
      const body = chunksOf(reader, options.maxResponseBytes, ended, why, release);
      const { status, statusText, headers } = response;
      return new Response(body, { status, statusText, headers });
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Waits while as many requests to this peer are open as may be. */
  async #turn(peer: string): Promise<() => void> {
    const open = this.#open.get(peer) ?? { running: 0, waiting: [] };
    this.#open.set(peer, open);
    if (open.running >= MAX_HTTP_OPEN_REQUESTS) await new Promise<void>((go) => open.waiting.push(go));
    else open.running++;
    let done = false;
    return () => {
      if (done) return;
      done = true;
      const next = open.waiting.shift();
      if (next) next();
      else open.running--;
    };
  }

  close(): void {
    this.#closing.abort(new ChorusError('E_NETWORK_CLOSED', 'the network is closed'));
    this.#served = undefined;
  }
}

async function answerOf(
  { handler, maxBytes }: Served,
  from: string,
  peer: string,
  request: Request,
  signal: AbortSignal,
): Promise<Response> {
  await new Promise((resolve) => setImmediate(resolve));
  if (headBytes(request.headers) > MAX_HTTP_HEADER_BYTES) return new Response(null, { status: 431 });
  const { pathname, search } = new URL(request.url);
  let tooLarge = false;
  const body = request.body ? limited(request.body, maxBytes, () => (tooLarge = true)) : null;
  const received = new Request(`http://${peer.toLowerCase()}${pathname}${search}`, {
    method: request.method,
    headers: [...request.headers],
    ...(body ? { body, duplex: 'half' } : {}),
    signal,
  } as RequestInit);
  handled.set(signal, received);
  try {
    return await handler(received, from);
  } catch {
    return new Response(null, { status: tooLarge ? 413 : 500 });
  }
}

function headBytes(headers: Headers): number {
  return [...headers].reduce((sum, [name, value]) => sum + text.encode(name + value).length + 4, 0);
}

function limited(body: ReadableStream<Uint8Array>, limit: number, onExceeded: () => void) {
  let bytes = 0;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>(
      {
        transform(chunk, controller) {
          bytes += chunk.length;
          if (bytes <= limit) return controller.enqueue(chunk);
          onExceeded();
          controller.error(new ChorusError('E_NETWORK_TOO_LARGE', 'the body of the request is too long'));
        },
      },
      undefined,
      { highWaterMark: 0 },
    ),
  );
}

function chunksOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limit: number,
  ended: AbortSignal,
  why: () => unknown,
  release: () => void,
): ReadableStream<Uint8Array> {
  let bytes = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (ended.aborted) throw why();
          if (done) {
            release();
            return controller.close();
          }
          bytes += value.length;
          if (bytes > limit) {
            throw new ChorusError('E_NETWORK_TOO_LARGE', 'the body of the response is longer than allowed');
          }
          controller.enqueue(value.slice());
        } catch (error) {
          release();
          void reader.cancel(error).catch(() => undefined);
          controller.error(
            error instanceof ChorusError || ended.aborted
              ? ended.aborted
                ? why()
                : error
              : new ChorusError('E_NETWORK_REQUEST', 'the peer did not answer', { cause: error }),
          );
        }
      },
      async cancel(reason) {
        release();
        await reader.cancel(reason).catch(() => undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

async function orEnd<T>(promise: Promise<T>, signal: AbortSignal, why: () => unknown): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const end = () => reject(why());
    if (signal.aborted) return end();
    signal.addEventListener('abort', end, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}
