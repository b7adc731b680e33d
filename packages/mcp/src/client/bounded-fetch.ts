import { ChorusError } from '@chorus/protocol';
import { MAX_RESPONSE_BYTES } from './limits.ts';

/**
 * `fetch` for a server that is not trusted: it follows no redirect, which would carry the key to another host, and reads a
 * bounded number of bytes.
 * @throws ChorusError `E_TOOL_RESPONSE`, also from the body while it is read
 */
export async function boundedFetch(url: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: 'manual' });
  if (response.status >= 300 && response.status < 400) {
    await response.body?.cancel();
    throw new ChorusError('E_TOOL_RESPONSE', 'the tool server redirects to another address', {
      facts: { status: response.status },
      hint: 'write the address it redirects to as mcp.url, if you trust it',
    });
  }
  let count = 0;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      count += chunk.length;
      if (count > MAX_RESPONSE_BYTES) {
        throw new ChorusError('E_TOOL_RESPONSE', 'the tool server answers more than it may', {
          facts: { limit: MAX_RESPONSE_BYTES },
        });
      }
      controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(response.body?.pipeThrough(counted) ?? null, { status, statusText, headers });
}
