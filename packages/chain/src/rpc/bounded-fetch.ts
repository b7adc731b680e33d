import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createGunzip } from 'node:zlib';
import { type FetchGetUrlFunc, type FetchRequest, type GetUrlResponse, makeError } from 'ethers';

/** Longest answer of an endpoint, unpacked. A range of 2000 blocks full of Chorus events takes a few megabytes. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Code of the error for a longer answer: to ask for less may help. */
export const ANSWER_TOO_LONG = 'ANSWER_TOO_LONG';

/**
 * Bounded replacement for the function with which ethers sends a request. Its own restarts the timeout at each byte,
 * keeps every byte, and unpacks without limit: one broken or hostile endpoint would end the process.
 * `closing` ends the request.
 */
export async function boundedGetUrl(
  request: FetchRequest,
  cancelled?: Parameters<FetchGetUrlFunc>[1],
  closing?: AbortSignal,
): Promise<GetUrlResponse> {
  const stop = new AbortController();
  cancelled?.addListener(() => stop.abort(makeError('request cancelled', 'CANCELLED')));
  const late = AbortSignal.timeout(request.timeout);
  const signal = AbortSignal.any([stop.signal, late, ...(closing ? [closing] : [])]);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = request.url.startsWith('https:') ? requestHttps : requestHttp;
      const { method, headers, body } = request;
      send(request.url, { method, headers, signal })
        .once('response', resolve)
        .on('error', reject)
        .end(body ?? undefined);
    });
    return {
      statusCode: response.statusCode ?? 0,
      statusMessage: response.statusMessage ?? '',
      headers: Object.fromEntries(
        Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
      ),
      body: await bodyOf(response),
    };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

async function bodyOf(response: IncomingMessage): Promise<Uint8Array | null> {
  const packed = response.headers['content-encoding'] === 'gzip';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of packed ? response.compose(createGunzip()) : response) {
    bytes += (chunk as Uint8Array).length;
    // Leaving the loop ends the connection.
    if (bytes > MAX_ANSWER_BYTES) {
      const tooLong = new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
      throw Object.assign(tooLong, { code: ANSWER_TOO_LONG });
    }
    chunks.push(chunk as Uint8Array);
  }
  return bytes === 0 ? null : new Uint8Array(Buffer.concat(chunks, bytes));
}
