import { ChorusError, type FetchOptions, MAX_HTTP_HEADER_BYTES, reasonOf } from '@chorus/protocol';
import type { Dispatcher } from 'undici';
import { counted } from './counted.ts';
import { HTTP_PROTOCOL } from './limits.ts';

/** Statuses of responses that have no body (Fetch, section "Statuses"). */
const NO_BODY = new Set([101, 103, 204, 205, 304]);

/** One request to a peer and its response: what ends it, and why it ended. */
export class Exchange {
  readonly #peer: string;
  readonly #options: FetchOptions;
  /** What ends it from outside, each with its own reason. */
  readonly #sources: AbortSignal[];
  readonly #ending = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #late = false;
  #failure: { error: unknown } | undefined;

  constructor(peer: string, request: Request, options: FetchOptions, closing: AbortSignal) {
    this.#peer = peer;
    this.#options = options;
    this.#sources = [...(options.signal ? [options.signal] : []), request.signal, closing];
    // Not AbortSignal.any: what it follows, and what follows it, may be collected as garbage while the body arrives.
    for (const source of this.#sources) source.addEventListener('abort', this.#end, { once: true });
    if (this.#sources.some((source) => source.aborted)) this.#end();
    this.#timer = setTimeout(() => {
      this.#late = true;
      this.#end();
    }, Math.ceil(options.timeoutMs));
  }

  readonly #end = () => this.#ending.abort(new Error('the request has ended'));

  /** Aborts when it is over. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** The response, whose body is bounded and fails with the errors of the port. */
  received({ statusCode, headers, body }: Dispatcher.ResponseData): Response {
    clearTimeout(this.#timer);
    const bodyless = NO_BODY.has(statusCode);
    if (bodyless) {
      body.on('error', () => undefined).resume();
      this.#over();
    }
    return new Response(bodyless ? null : this.#bounded(body), {
      status: statusCode,
      headers: Object.entries(headers).flatMap(([name, value]) =>
        [value ?? []].flat().map((one): [string, string] => [name, one]),
      ),
    });
  }

  #bounded(body: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
    const chunks = counted(body, this.#options.maxResponseBytes, 'response');
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const end = () => controller.error(this.failure(this.signal.reason));
          this.signal.addEventListener('abort', end, { once: true });
        },
        pull: async (controller) => {
          try {
            const { done, value } = await chunks.next();
            if (this.signal.aborted) return;
            if (!done) return controller.enqueue(value);
            this.#over();
            controller.close();
          } catch (cause) {
            if (!this.signal.aborted) controller.error(this.failure(cause));
          }
        },
        cancel: () => {
          this.#over();
          this.#end();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** The error for the caller: the first one counts. Ends the exchange and its stream. */
  failure(cause: unknown): unknown {
    if (this.#failure) return this.#failure.error;
    this.#failure = { error: this.#errorOf(cause) };
    this.#over();
    this.#end();
    return this.#failure.error;
  }

  #errorOf(cause: unknown): unknown {
    const source = this.#sources.find(({ aborted }) => aborted);
    if (source) return source.reason;
    if (cause instanceof ChorusError) return cause;
    const { timeoutMs } = this.#options;
    if (this.#late) return failed(`the peer did not answer within ${timeoutMs} ms`, this.#peer, undefined);
    const inner = (cause as Error).cause ?? cause;
    if ((inner as { code?: string }).code === 'UND_ERR_HEADERS_OVERFLOW') {
      return new ChorusError('E_NETWORK_TOO_LARGE', "the response's head is too long", {
        facts: { peer: this.#peer, limit: MAX_HTTP_HEADER_BYTES },
        cause,
      });
    }
    return failed('the peer did not answer', this.#peer, inner);
  }

  #over(): void {
    clearTimeout(this.#timer);
    for (const source of this.#sources) source.removeEventListener('abort', this.#end);
  }
}

export function failed(message: string, peer: string, cause: unknown): ChorusError {
  return new ChorusError('E_NETWORK_REQUEST', message, {
    facts: { peer, protocol: HTTP_PROTOCOL, ...(cause === undefined ? {} : { cause: reasonOf(cause) }) },
    cause,
  });
}
