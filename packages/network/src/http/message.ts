import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeStream } from 'node:stream/web';

import { ChorusError } from '@chorus/protocol';
import { counted } from './counted.ts';

/** Headers that belong to one connection, not to the message (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Methods that a `Request` cannot have (Fetch, section "Methods"). */
const FORBIDDEN_METHODS = new Set(['CONNECT', 'TRACE', 'TRACK']);

/**
 * A request of Node's HTTP server as a platform Request, or null if it cannot be one.
 * @param authority host of the URL: the asker does not choose it
 * @param body what is passed on of the message's body; null if it has none
 */
export function toRequest(
  message: IncomingMessage,
  authority: string,
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
): Request | null {
  const method = message.method ?? 'GET';
  const target = message.url ?? '';
  if (!target.startsWith('/') || FORBIDDEN_METHODS.has(method)) return null;
  try {
    return new Request(`http://${authority}${target}`, {
      method,
      headers: headersOf(message),
      ...(body ? { body, duplex: 'half' } : {}),
      signal,
      redirect: 'manual',
    } as RequestInit);
  } catch {
    return null;
  }
}

/** Whether a message has a body: one of unknown length is chunked (RFC 9112, section 6.3). */
export function hasBody(message: IncomingMessage): boolean {
  if (message.method === 'GET' || message.method === 'HEAD') return false;
  return (
    message.headers['transfer-encoding'] !== undefined || Number(message.headers['content-length'] ?? 0) > 0
  );
}

/** The body of a message, which fails beyond a number of bytes. To read no further does not end the connection. */
export function boundedBody(
  message: IncomingMessage,
  limit: number,
  onExceeded: () => void,
): ReadableStream<Uint8Array> {
  const chunks = counted(message.iterator({ destroyOnReturn: false }), limit, 'request');
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await chunks.next().catch((error: unknown) => {
          if (error instanceof ChorusError) onExceeded();
          throw error;
        });
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => {
        await chunks.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers();
  const raw = message.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (!HOP_BY_HOP.has(name) && name !== 'host') headers.append(name, raw[i + 1]!);
  }
  return headers;
}

/** Write a platform Response; its body is read as fast as the other side takes it. */
export async function writeResponse(response: Response, out: ServerResponse): Promise<void> {
  if (out.destroyed || out.headersSent) {
    await response.body?.cancel().catch(() => undefined);
    return;
  }
  const headers = [...response.headers].filter(([name]) => !HOP_BY_HOP.has(name)).flat();
  out.writeHead(response.status, headers);
  if (!response.body) {
    out.end();
    return;
  }
  out.flushHeaders();
  await pipeline(Readable.fromWeb(response.body as NodeStream<Uint8Array>), out);
}
