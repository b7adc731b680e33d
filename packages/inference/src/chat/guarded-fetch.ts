import { ChorusError } from '@chorus/protocol';

export interface FetchLimits {
  /** Most bytes of a response, headers not counted. */
  maxBytes: number;
  /** Milliseconds without a byte after which a response is given up; a local server may load its model first. */
  idleMilliseconds: number;
  /** Media type of an answer; a stream of events by default. */
  accepts?: string;
}

const EVENT_STREAM = 'text/event-stream';

/** The body of an error is quoted in part only. */
const MAX_ERROR_BYTES = 64 * 1024;

/**
 * `fetch` for an endpoint that is not trusted: it follows no redirect, which would carry the key to another host, gives up
 * on silence, and reads a bounded number of bytes.
 * @throws ChorusError `E_ENGINE_RESPONSE`, `E_ENGINE_UNAVAILABLE`, also from the body while it is read
 */
export function guardedFetch({
  maxBytes,
  idleMilliseconds,
  accepts = EVENT_STREAM,
}: FetchLimits): typeof fetch {
  return async (input, init) => {
    const idle = new AbortController();
    const given = init?.signal;
    const expire = () => idle.abort(silent(idleMilliseconds));
    let timer = setTimeout(expire, idleMilliseconds).unref();
    const signal = given ? AbortSignal.any([given, idle.signal]) : idle.signal;
    let response: Response;
    try {
      response = await fetch(input, { ...init, redirect: 'manual', signal });
    } catch (error) {
      clearTimeout(timer);
      throw idle.signal.aborted ? idle.signal.reason : error;
    }
    if (response.status >= 300 && response.status < 400) {
      clearTimeout(timer);
      await response.body?.cancel();
      throw new ChorusError('E_ENGINE_RESPONSE', 'the endpoint redirects to another address', {
        facts: { status: response.status },
        hint: 'write the address it redirects to as model.openai.url, if you trust it',
      });
    }
    const type = response.headers.get('content-type') ?? '';
    if (response.ok && !type.toLowerCase().startsWith(accepts)) {
      clearTimeout(timer);
      await response.body?.cancel();
      throw new ChorusError(
        'E_ENGINE_RESPONSE',
        `the endpoint does not answer with ${accepts === EVENT_STREAM ? 'a stream of events' : accepts}`,
        {
          facts: { type: type.slice(0, 100) || 'none' },
          hint: 'check model.openai.url: it usually ends in /v1',
        },
      );
    }
    const most = response.ok ? maxBytes : MAX_ERROR_BYTES;
    let count = 0;
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        clearTimeout(timer);
        count += chunk.length;
        if (count > most) throw tooLong(most);
        timer = setTimeout(expire, idleMilliseconds).unref();
        controller.enqueue(chunk);
      },
      flush: () => clearTimeout(timer),
      cancel: () => clearTimeout(timer),
    });
    const body = response.body?.pipeThrough(counted) ?? null;
    if (!body) clearTimeout(timer);
    const { status, statusText, headers } = response;
    return new Response(body, { status, statusText, headers });
  };
}

function silent(milliseconds: number): ChorusError {
  return new ChorusError('E_ENGINE_UNAVAILABLE', 'the endpoint has stopped answering', {
    facts: { seconds: milliseconds / 1000 },
    hint: 'check the server of the model, or try again later',
  });
}

function tooLong(limit: number): ChorusError {
  return new ChorusError('E_ENGINE_RESPONSE', 'the answer of the endpoint is larger than it can be', {
    facts: { limit },
    hint: 'check the server of the model: it ignores the limit of tokens',
  });
}
