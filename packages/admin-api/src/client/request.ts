import { ChorusError, type Facts, readErrorCode } from '@chorus/protocol';
import type { z } from 'zod';
import { problemSchema } from '../documents/problem.ts';
import { type Endpoint, isSlow } from '../endpoints/endpoint.ts';

/** Milliseconds for an answer; claims and joins wait for the chain and get longer. */
const ANSWER_MILLISECONDS = 10_000;
const CHAIN_MILLISECONDS = 180_000;

export interface AdminClientOptions {
  /** Base of the API, such as `http://127.0.0.1:4500`. */
  url: string;
  token: string;
  /** Default: the platform's. */
  fetch?: typeof fetch;
}

/** What one request carries. */
export interface Call {
  params?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  file?: Uint8Array;
  signal?: AbortSignal | undefined;
}

/** An endpoint that answers with a document. */
export type DocumentEndpoint<T> = Endpoint & {
  responses: { 200: { content: { 'application/json': { schema: z.ZodType<T> } } } };
};

/** Requests to one node. */
export interface Requests {
  /** The document that the node answers with. */
  ask<T>(endpoint: DocumentEndpoint<T>, call: Call): Promise<T>;
  /** An answer that is no document. */
  text(endpoint: Endpoint, call: Call): Promise<string>;
  /** The bytes of an answer that is a file. */
  file(endpoint: Endpoint, call: Call): Promise<Uint8Array>;
  /** A stream of events, open until the signal aborts; its request carries a query, or a document. */
  open(endpoint: Endpoint, call: Call, headers: Record<string, string>): Promise<Response>;
}

/** Requests to the node with that address and token. */
export function createRequests(options: AdminClientOptions): Requests {
  const { url: base, token } = options;
  const send = options.fetch ?? fetch;

  async function request(endpoint: Endpoint, call: Call): Promise<Response> {
    const timeout = AbortSignal.timeout(isSlow(endpoint) ? CHAIN_MILLISECONDS : ANSWER_MILLISECONDS);
    try {
      return await send(urlOf(base, endpoint, call), {
        method: endpoint.method.toUpperCase(),
        signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
        headers: {
          authorization: `Bearer ${token}`,
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(call.file === undefined ? {} : { 'content-type': 'application/octet-stream' }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        ...(call.file === undefined ? {} : { body: call.file as Uint8Array<ArrayBuffer> }),
      });
    } catch (cause) {
      call.signal?.throwIfAborted();
      throw unreachable(base, cause);
    }
  }

  return {
    async ask<T>(endpoint: DocumentEndpoint<T>, call: Call): Promise<T> {
      const response = await request(endpoint, call);
      const { status } = response;
      // A status that the endpoint names has the same document, such as 503 of a node that is not ready.
      if (!response.ok && !(status in endpoint.responses)) throw await problemOf(response);
      const { schema } = endpoint.responses[200].content['application/json'];
      const parsed = schema.safeParse(await response.json().catch(() => undefined));
      if (parsed.success) return parsed.data;
      throw new ChorusError('E_ADMIN_RESPONSE', 'this version does not expect the answer of the node', {
        facts: { path: endpoint.path, status },
        hint: 'check that the node and this command are of the same version',
        cause: parsed.error,
      });
    },

    async text(endpoint, call) {
      const response = await request(endpoint, call);
      if (!response.ok) throw await problemOf(response);
      return response.text();
    },

    async file(endpoint, call) {
      const response = await request(endpoint, call);
      if (!response.ok) throw await problemOf(response);
      return new Uint8Array(await response.arrayBuffer());
    },

    async open(endpoint, call, headers) {
      const { signal, body } = call;
      const response = await send(urlOf(base, endpoint, call), {
        method: endpoint.method.toUpperCase(),
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      }).catch((cause) => {
        signal?.throwIfAborted();
        throw unreachable(base, cause);
      });
      if (!response.ok) throw await problemOf(response);
      return response;
    },
  };
}

function urlOf(base: string, endpoint: Endpoint, { params = {}, query = {} }: Call): URL {
  const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  );
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

function unreachable(url: string, cause: unknown): ChorusError {
  return new ChorusError('E_ADMIN_UNREACHABLE', 'the node does not answer', {
    facts: { url },
    hint:
      (cause as Error)?.name === 'TimeoutError'
        ? 'it may be asleep or busy: wait and try again; its last lines are in `chorus logs`'
        : 'check that it runs: `chorus start`',
    cause,
  });
}

/** The error that a node answered with, as thrown there. */
async function problemOf(response: Response): Promise<ChorusError> {
  const parsed = problemSchema.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) {
    return new ChorusError('E_ADMIN_RESPONSE', 'the response did not come from a Chorus node', {
      facts: { status: response.status },
    });
  }
  const { code, title, detail, hint, facts } = parsed.data;
  return new ChorusError(readErrorCode(code), detail ?? title, {
    ...(facts === undefined ? {} : { facts: facts as Facts }),
    ...(hint === undefined ? {} : { hint }),
  });
}
