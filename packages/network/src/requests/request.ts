import { ChorusError, MAX_MESSAGE_BYTES, type RequestHandler, type RequestOptions } from '@chorus/protocol';
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface';
import { lpStream } from '@libp2p/utils';
import { networkError } from '../core/errors.ts';
import { HANDLER_TIMEOUT_MS, TRANSFER_TIMEOUT_MS } from '../core/limits.ts';

/** A framed stream that never holds more than one message of `limit` bytes and its length prefix. */
function framed(stream: Stream, limit: number) {
  return lpStream(stream, { maxDataLength: limit, maxBufferSize: limit + 16 });
}

/**
 * One request, one response, each prefixed with its length as an unsigned varint (libp2p's usual framing),
 * over a stream of its own.
 *
 * @throws ChorusError `E_NETWORK_REQUEST`, `E_NETWORK_TOO_LARGE`; the signal's reason if the caller aborts
 */
export async function sendRequest(
  libp2p: Libp2p,
  peer: PeerId,
  protocol: string,
  data: Uint8Array,
  options: RequestOptions,
  closing: AbortSignal,
): Promise<Uint8Array> {
  const facts = { peer: peer.toString(), protocol };
  if (data.length > MAX_MESSAGE_BYTES) {
    throw new ChorusError('E_NETWORK_TOO_LARGE', 'the request is too long to send', {
      facts: { ...facts, bytes: data.length, limit: MAX_MESSAGE_BYTES },
    });
  }
  options.signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(Math.ceil(options.timeoutMs));
  const signal = AbortSignal.any([timeout, closing, ...(options.signal ? [options.signal] : [])]);
  let stream: Stream | undefined;
  try {
    stream = await libp2p.dialProtocol(peer, protocol, {
      signal,
      negotiateFully: true,
      runOnLimitedConnection: true,
    });
    const messages = framed(stream, options.maxResponseBytes);
    await messages.write(data, { signal });
    const response = await messages.read({ signal });
    await closeQuietly(stream, signal);
    return new Uint8Array(response.subarray());
  } catch (cause) {
    stream?.abort(cause instanceof Error ? cause : new Error('request failed'));
    options.signal?.throwIfAborted();
    if (isTooLarge(cause)) {
      throw new ChorusError('E_NETWORK_TOO_LARGE', 'the response is longer than asked for', {
        facts: { ...facts, limit: options.maxResponseBytes },
        cause,
      });
    }
    const timedOut = timeout.aborted;
    throw networkError(
      'E_NETWORK_REQUEST',
      timedOut ? `the peer did not answer within ${options.timeoutMs} ms` : 'the peer did not answer',
      facts,
      cause,
    );
  }
}

/**
 * Serve one stream: read the request, call the handler, write its answer. Any failure resets the stream, so that the
 * caller fails at once instead of waiting for its timeout.
 *
 * Resolves to the outcome: `malformed` (oversized) and `unfinished` are the peer's fault.
 */
export async function serveRequest(
  stream: Stream,
  connection: Connection,
  handler: RequestHandler,
  closing: AbortSignal,
): Promise<'served' | 'malformed' | 'unfinished' | 'failed'> {
  let blame: 'malformed' | 'unfinished' | 'failed' = 'failed';
  try {
    const messages = framed(stream, MAX_MESSAGE_BYTES);
    const late = AbortSignal.timeout(TRANSFER_TIMEOUT_MS);
    const reading = AbortSignal.any([late, closing]);
    let request: Uint8Array;
    try {
      request = new Uint8Array((await messages.read({ signal: reading })).subarray());
    } catch (error) {
      if (isTooLarge(error)) blame = 'malformed';
      else if (late.aborted) blame = 'unfinished';
      throw error;
    }
    const response = await withDeadline(handler(request, connection.remotePeer.toString()), closing);
    if (response.length > MAX_MESSAGE_BYTES) {
      throw new ChorusError('E_NETWORK_TOO_LARGE', 'the response is too long to send', {
        facts: { bytes: response.length, limit: MAX_MESSAGE_BYTES },
      });
    }
    const writing = AbortSignal.any([AbortSignal.timeout(TRANSFER_TIMEOUT_MS), closing]);
    await messages.write(response, { signal: writing });
    await closeQuietly(stream, writing);
    return 'served';
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error('handler failed'));
    return blame;
  }
}

/**
 * End a stream after its message was delivered. A reset, because the other side closed earlier, could overtake the
 * message on its way to the reader.
 */
async function closeQuietly(stream: Stream, signal: AbortSignal): Promise<void> {
  await stream.close({ signal }).catch(() => {});
}

async function withDeadline<T>(promise: Promise<T>, closing: AbortSignal): Promise<T> {
  const deadline = AbortSignal.any([AbortSignal.timeout(HANDLER_TIMEOUT_MS), closing]);
  deadline.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    const abort = () => reject(deadline.reason);
    deadline.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => deadline.removeEventListener('abort', abort));
  });
}

/** lpStream's three ways of saying that a length prefix exceeds the limit. */
function isTooLarge(error: unknown): boolean {
  return (
    error instanceof Error &&
    ['InvalidDataLengthError', 'InvalidDataLengthLengthError', 'StreamBufferError'].includes(error.name)
  );
}
