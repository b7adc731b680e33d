import { TokenBucket } from '@chorus/utils';
import type { Connection, Metrics, MultiaddrConnection, PeerId, Stream } from '@libp2p/interface';
import { holdBackReceiving, holdBackSending, pipeOf, tap } from '../patches/message-stream.ts';

/** Bytes received and sent. */
export interface Bytes {
  in: number;
  out: number;
}

export interface BandwidthLimits {
  /** Bytes a second that this node sends, over all connections. */
  uploadBytesPerSecond?: number;
  /**
   * Bytes a second that this node receives, over all connections; the rest waits at its sender (TCP's own flow
   * control).
   */
  downloadBytesPerSecond?: number;
}

/** Protocols counted one by one; a peer cannot make this node store more names. */
const MAX_PROTOCOLS = 64;

/**
 * Counts bytes by peer and by protocol, and holds connections to the byte rates set.
 *
 * libp2p tells its metrics of every connection and stream it opens; this is where both hook in. Connections are
 * counted on the wire, encryption included; for QUIC, whose library carries its streams itself, the streams' bytes
 * are counted.
 */
export class Bandwidth {
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

  constructor({ uploadBytesPerSecond, downloadBytesPerSecond }: BandwidthLimits = {}) {
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
    const count = (way: 'in' | 'out', n: number) => {
      if (way === 'in') this.#heard.set(connection.timeline, Date.now());
      this.total[way] += n;
      const bytes = this.#pipes.get(connection);
      if (bytes) bytes[way] += n;
    };
    const pipe = pipeOf(connection);
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
    tap(pipeOf(stream), (way, n) => {
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
