import type { TokenBucket } from '@chorus/utils';
import type { MultiaddrConnection, Stream } from '@libp2p/interface';
import type { AbstractMessageStream } from '@libp2p/utils';

/** The part of a libp2p connection or stream that is counted and throttled. */
export type Pipe = Pick<
  AbstractMessageStream,
  'onData' | 'sendData' | 'sendPause' | 'sendResume' | 'status'
> & {
  safeDispatchEvent(name: 'drain'): unknown;
};

/** Bytes written to a connection before checking the bucket again. */
const CHUNK_BYTES = 16 * 1024;

/** A connection or stream as its class has it; what is used of it is not in its interface. */
export const pipeOf = (carrier: MultiaddrConnection | Stream): Pipe => carrier as unknown as Pipe;

/**
 * Count what passes. A listener for messages would do it too, but with one libp2p counts data as delivered before a
 * protocol can read it.
 */
export function tap(pipe: Pipe, count: (way: 'in' | 'out', bytes: number) => void): void {
  const { onData, sendData } = pipe;
  pipe.onData = (data) => {
    count('in', data.byteLength);
    onData.call(pipe, data);
  };
  pipe.sendData = (data) => {
    const result = sendData.call(pipe, data);
    count('out', result.sentBytes);
    return result;
  };
}

/**
 * Send as much as the bucket allows; signal that the connection is full, and that it has drained when tokens are
 * back.
 */
export function holdBackSending(pipe: Pipe, bucket: TokenBucket): void {
  const { sendData } = pipe;
  let waiting = false;
  const later = (ms: number) => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      if (pipe.status !== 'aborted' && pipe.status !== 'closed') pipe.safeDispatchEvent('drain');
    }, ms).unref();
  };
  pipe.sendData = (data) => {
    let sentBytes = 0;
    while (sentBytes < data.byteLength) {
      const wait = bucket.waitMs();
      if (wait > 0) {
        later(wait);
        return { sentBytes, canSendMore: false };
      }
      const part = data.sublist(sentBytes, Math.min(sentBytes + CHUNK_BYTES, data.byteLength));
      bucket.take(part.byteLength);
      const result = sendData.call(pipe, part);
      sentBytes += result.sentBytes;
      if (!result.canSendMore) return { sentBytes, canSendMore: false };
    }
    return { sentBytes, canSendMore: true };
  };
}

/** Stop reading from the socket while the bucket is overdrawn. */
export function holdBackReceiving(pipe: Pipe, bucket: TokenBucket): void {
  const { onData } = pipe;
  let paused = false;
  pipe.onData = (data) => {
    const wait = bucket.take(data.byteLength);
    if (wait > 0 && !paused) {
      paused = true;
      pipe.sendPause();
      setTimeout(() => {
        paused = false;
        if (pipe.status === 'open') pipe.sendResume();
      }, wait).unref();
    }
    onData.call(pipe, data);
  };
}
