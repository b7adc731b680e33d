import { TokenBucket } from '@chorus/utils';
import type { Connection, Metrics, MultiaddrConnection, PeerId, Stream } from '@libp2p/interface';
import type { AbstractMessageStream } from '@libp2p/utils';

/** Bytes received and sent. */
export interface Bytes {
  in: number;
  out: number;
}

export interface TrafficLimits {
  /** Bytes a second that this node sends, over all connections. */
  uploadBytesPerSecond?: number;
  /**
   * Bytes a second that this node receives, over all connections; the rest waits at its sender (TCP's own flow
   * control).
   */
  downloadBytesPerSecond?: number;
}

/** The part of a libp2p connection or stream that is counted and throttled. */
type Pipe = Pick<AbstractMessageStream, 'onData' | 'sendData' | 'sendPause' | 'sendResume' | 'status'> & {
  safeDispatchEvent(name: 'drain'): unknown;
};

/** Protocols counted one by one; a peer cannot make this node store more names. */
const MAX_PROTOCOLS = 64;

/** Bytes written to a connection before checking the bucket again. */
const CHUNK_BYTES = 16 * 1024;

/**
 * Counts bytes by peer and by protocol, and holds connections to the byte rates set.
 *
 * libp2p tells its metrics of every connection and stream it opens; this is where both hook in. Connections are
 * counted on the wire, encryption included; for QUIC, whose library carries its streams itself, the streams' bytes
 * are counted.
 */
export class Traffic {
  readonly total: Bytes = { in: 0, out: 0 };
  readonly protocols = new Map<string, Bytes>();
  readonly #peers = new Map<string, Bytes>();
  readonly #pipes = new WeakMap<object, Bytes>();
  /** Unix milliseconds, by the timeline that libp2p's connection shares with the transport's below it. */
  readonly #heard = new WeakMap<object, number>();
  readonly #upload: TokenBucket | undefined;
  readonly #download: TokenBucket | undefined;
  /** Open QUIC connections; set if QUIC is on. */
  quicConnections: () => Connection[] = () => [];

  constructor({ uploadBytesPerSecond, downloadBytesPerSecond }: TrafficLimits = {}) {
    this.#upload = uploadBytesPerSecond ? new TokenBucket(uploadBytesPerSecond) : undefined;
    this.#download = downloadBytesPerSecond ? new TokenBucket(downloadBytesPerSecond) : undefined;
  }

  /** For libp2p's `metrics` option. */
  metrics(): Metrics {
    const noop: unknown = new Proxy(() => noop, { get: (_, name) => (name === 'then' ? undefined : noop) });
    const tracked: Partial<Metrics> = {
      trackMultiaddrConnection: (connection: MultiaddrConnection) => this.#trackConnection(connection),
      trackProtocolStream: (stream: Stream) => this.#trackStream(stream),
      traceFunction: (<F>(_name: string, traced: F): F => traced) as Metrics['traceFunction'],
    };
    return new Proxy(tracked, {
      get: (target, name) => Reflect.get(target, name) ?? noop,
    }) as Metrics;
  }

  /** The handshake has proved the peer's identity. */
  attribute(peer: PeerId, connection: MultiaddrConnection): void {
    const bytes = this.#pipes.get(connection);
    if (!bytes) return;
    const key = peer.toString();
    const known = this.#peers.get(key);
    if (known) {
      known.in += bytes.in;
      known.out += bytes.out;
      this.#pipes.set(connection, known);
    } else {
      this.#peers.set(key, bytes);
    }
  }

  of(peer: string): Bytes {
    return { ...(this.#peers.get(peer) ?? { in: 0, out: 0 }) };
  }

  /**
   * Time of the last received byte of a connection, unix milliseconds; null for QUIC, whose library checks liveness
   * itself.
   */
  lastHeard({ multiplexer, timeline }: Pick<Connection, 'multiplexer' | 'timeline'>): number | null {
    return multiplexer === 'quic' ? null : (this.#heard.get(timeline) ?? null);
  }

  /** The peer has no connection any more. */
  forget(peer: string): void {
    this.#peers.delete(peer);
  }

  #trackConnection(connection: MultiaddrConnection): void {
    this.#pipes.set(connection, { in: 0, out: 0 });
    this.#heard.set(connection.timeline, Date.now());
    const count = (way: keyof Bytes, n: number) => {
      if (way === 'in') this.#heard.set(connection.timeline, Date.now());
      this.total[way] += n;
      const bytes = this.#pipes.get(connection);
      if (bytes) bytes[way] += n;
    };
    const pipe = connection as unknown as Pipe;
    tap(pipe, count);
    if (this.#upload) holdBackSending(pipe, this.#upload);
    if (this.#download) holdBackReceiving(pipe, this.#download);
  }

  #trackStream(stream: Stream): void {
    const known = this.protocols.has(stream.protocol) || this.protocols.size < MAX_PROTOCOLS;
    const name = known ? stream.protocol : 'other';
    const bytes = this.protocols.get(name) ?? { in: 0, out: 0 };
    this.protocols.set(name, bytes);
    const carrier = this.quicConnections().find((connection) => connection.streams.includes(stream));
    const peer = carrier && this.#bytesOf(carrier.remotePeer.toString());
    tap(stream as unknown as Pipe, (way, n) => {
      bytes[way] += n;
      if (!peer) return;
      peer[way] += n;
      this.total[way] += n;
    });
  }

  #bytesOf(peer: string): Bytes {
    const bytes = this.#peers.get(peer) ?? { in: 0, out: 0 };
    this.#peers.set(peer, bytes);
    return bytes;
  }
}

/**
 * Count what passes. A listener for messages would do it too, but with one libp2p counts data as delivered before a
 * protocol can read it.
 */
function tap(pipe: Pipe, count: (way: keyof Bytes, bytes: number) => void): void {
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
function holdBackSending(pipe: Pipe, bucket: TokenBucket): void {
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
function holdBackReceiving(pipe: Pipe, bucket: TokenBucket): void {
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
