import type { Libp2p } from '@libp2p/interface';
import type { Bandwidth } from '../bandwidth/bandwidth.ts';
import { LIVENESS_INTERVAL_MS, SILENT_MS } from '../core/limits.ts';

/** Which connections nothing has come over for too long. */
export class KeepAlive {
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** This process has read what came since then. */
  #awakeSince = Number.NEGATIVE_INFINITY;

  /** `heard`: when something last came over each connection, in the milliseconds of `now`. Returns those that are silent. */
  look<T>(heard: Iterable<readonly [connection: T, at: number]>, now: number): T[] {
    // A machine that slept or was too busy to read has received nothing from any peer, which says nothing about them.
    if (now - this.#lookedAt > 2 * LIVENESS_INTERVAL_MS) this.#awakeSince = now;
    this.#lookedAt = now;
    return [...heard].flatMap(([connection, at]) =>
      now - Math.max(at, this.#awakeSince) >= SILENT_MS ? [connection] : [],
    );
  }
}

/**
 * Abort connections whose other end is gone without a word, or cut off: TCP itself notices after a quarter of an hour,
 * and after a cut of half a minute waits up to as long again before it tries the next packet, while a new connection
 * is made at once (see reach.ts).
 *
 * Yamux sends a ping every few seconds from either end, so that something comes over every connection that works.
 * libp2p's own monitor closes a connection whose ping is late, which it is while a payload fills a slow line: the
 * transfer would be cut off again and again. Here whatever comes counts. QUIC has such a timeout of its own.
 */
export function closeSilentConnections(libp2p: Libp2p, traffic: Bandwidth, closing: AbortSignal): void {
  const liveness = new KeepAlive();
  const timer = setInterval(() => {
    const heard = libp2p.getConnections().flatMap((connection) => {
      const at = traffic.lastHeard(connection);
      return at === null ? [] : [[connection, at] as const];
    });
    for (const connection of liveness.look(heard, Date.now())) {
      connection.abort(new Error('nothing heard of the peer'));
    }
  }, LIVENESS_INTERVAL_MS);
  timer.unref();
  closing.addEventListener('abort', () => clearInterval(timer), { once: true });
}
