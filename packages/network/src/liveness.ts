import type { Libp2p } from '@libp2p/interface';
import { PING_INTERVAL_MS, SILENT_MS } from './limits.ts';
import type { Traffic } from './traffic.ts';

interface Heard {
  bytes: number;
  at: number;
}

/** Which peers have said nothing for too long. */
export class Liveness {
  readonly #heard = new Map<string, Heard>();

  /** `received`: bytes that came from each connected peer so far. Returns those that are silent. */
  look(received: Map<string, number>, now: number): string[] {
    for (const peer of this.#heard.keys()) if (!received.has(peer)) this.#heard.delete(peer);
    const silent: string[] = [];
    for (const [peer, bytes] of received) {
      const heard = this.#heard.get(peer);
      if (!heard || heard.bytes !== bytes) this.#heard.set(peer, { bytes, at: now });
      else if (now - heard.at >= SILENT_MS) silent.push(peer);
    }
    return silent;
  }
}

/**
 * Close connections to peers that are gone without a word. libp2p's own monitor closes a connection whose ping is
 * late, which it is while a payload fills a slow line: the transfer would be cut off again and again.
 */
export function watchLiveness(libp2p: Libp2p, traffic: Traffic, closing: AbortSignal): void {
  const liveness = new Liveness();
  const timer = setInterval(() => {
    const received = new Map(libp2p.getPeers().map((id) => [id.toString(), traffic.of(id.toString()).in]));
    const silent = new Set(liveness.look(received, Date.now()));
    for (const connection of libp2p.getConnections()) {
      if (silent.has(connection.remotePeer.toString()))
        connection.abort(new Error('nothing heard of the peer'));
    }
  }, PING_INTERVAL_MS);
  timer.unref();
  closing.addEventListener('abort', () => clearInterval(timer), { once: true });
}
