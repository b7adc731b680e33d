import { Duplex } from 'node:stream';
import type { Connection, Stream } from '@libp2p/interface';
import { HTTP_LINGER_MS, MAX_PAUSED_BYTES } from './limits.ts';

/**
 * A libp2p stream as the socket that Node's HTTP server and undici expect.
 *
 * `streamToSocket` of `@libp2p/http-utils` does the same without back-pressure for what is read, and without
 * time-outs: a slow handler would hold a whole upload in memory, and a silent stream would stay for ever.
 */
export class StreamSocket extends Duplex {
  /** The peer at the other end, proven by the connection. */
  readonly peer: string;
  readonly remoteAddress: string;
  readonly connecting = false;
  /** How long the other side may take to read the rest once this side has ended. */
  lingerMs = HTTP_LINGER_MS;
  readonly #stream: Stream;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  /** The other side reads no more: an answer came before the end of what this side sends. */
  #unheard = false;

  constructor(stream: Stream, connection: Connection) {
    super({ allowHalfOpen: true });
    this.#stream = stream;
    this.peer = connection.remotePeer.toString();
    this.remoteAddress = connection.remoteAddr.toString();
    stream.maxReadBufferLength = MAX_PAUSED_BYTES;
    stream.addEventListener('message', (event) => this.#receive(event.data.subarray()));
    stream.addEventListener('end', () => this.#end());
    stream.addEventListener('close', (event) => {
      // A connection that ends closes its streams without an error, wherever they are.
      const cut = !this.writableEnded && !this.#unheard;
      if (event.error || cut) this.destroy(event.error ?? new Error('the connection has ended'));
      // What is unread comes when it is asked for, and `end` after it.
      else if (stream.readBufferLength === 0) this.#end();
    });
    // An asker has nothing to say after the answer. Ending here at once lets the other side end without a reset, which
    // would discard what a slow reader has not read yet.
    if (stream.direction === 'outbound') {
      stream.addEventListener('remoteCloseWrite', () => {
        this.#unheard = true;
        stream.close({ signal: AbortSignal.timeout(HTTP_LINGER_MS) }).catch(() => undefined);
      });
    }
  }

  #receive(bytes: Uint8Array): void {
    this.#timer?.refresh();
    if (this.#ended || this.destroyed) return;
    if (!this.push(bytes) && this.#stream.readStatus === 'readable') this.#stream.pause();
  }

  #end(): void {
    if (this.#ended || this.destroyed) return;
    this.#ended = true;
    this.push(null);
  }

  override _read(): void {
    if (this.#stream.readStatus === 'paused') this.#stream.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    this.#timer?.refresh();
    let error: Error | undefined;
    let sent = this.#unheard;
    try {
      sent ||= this.#stream.send(chunk) || this.#stream.writeBufferLength === 0;
    } catch (cause) {
      error = cause as Error;
    }
    if (sent || error) done(error);
    else this.#whenSent(done);
  }

  #whenSent(done: (error?: Error) => void): void {
    // Not `onDrain`: after its first use its promise stays resolved (libp2p 3.3), and nothing would wait any more.
    const settle = (error?: Error) => {
      this.#stream.removeEventListener('idle', idle);
      this.#stream.removeEventListener('close', closed);
      this.#timer?.refresh();
      done(error);
    };
    const idle = () => settle();
    const closed = () => settle(new Error('the stream was closed'));
    this.#stream.addEventListener('idle', idle);
    this.#stream.addEventListener('close', closed);
  }

  override _final(done: (error?: Error) => void): void {
    this.#stream.close({ signal: AbortSignal.timeout(this.lingerMs) }).then(
      () => done(),
      (error: Error) => done(error),
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    if (error || !this.writableFinished) this.#stream.abort(error ?? new Error('the socket was destroyed'));
    else this.#linger();
    done(error);
  }

  /** All is written: a reset now could overtake it on its way to the reader, so the other side has time to end. */
  #linger(): void {
    const stream = this.#stream;
    if (stream.status !== 'open' && stream.status !== 'closing') return;
    stream.closeRead().catch(() => undefined);
    const timer = setTimeout(() => stream.abort(new Error('the peer did not end the stream')), this.lingerMs);
    timer.unref();
    stream.addEventListener('close', () => clearTimeout(timer), { once: true });
  }

  /** Emit `timeout` when no byte has moved for this long, as `net.Socket` does; 0 ends that. */
  setTimeout(ms: number, listener?: () => void): this {
    clearTimeout(this.#timer);
    this.#timer = ms > 0 ? setTimeout(() => this.emit('timeout'), ms).unref() : undefined;
    if (listener) this.once('timeout', listener);
    return this;
  }

  /** End after what is already written, as `net.Socket` does. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
