import type { Libp2p, PeerId } from '@libp2p/interface';
import { ASK_TIMEOUT_MS } from '../core/limits.ts';
import { BITSWAP } from './patches/block-exchange.ts';
import { encodeWantlist, type WantEntry } from './want-list.ts';

/** Wants and cancels queued for one peer. One message at a time, so that a cancel never overtakes its want. */
export class SendQueue {
  readonly #libp2p: Libp2p;
  readonly #peer: PeerId;
  #entries = new Map<string, WantEntry>();
  #sending = false;

  constructor(libp2p: Libp2p, peer: PeerId) {
    this.#libp2p = libp2p;
    this.#peer = peer;
  }

  post(entry: WantEntry): void {
    this.#entries.set(entry.cid.toString(), entry);
    if (this.#sending) return;
    this.#sending = true;
    // Entries of the same turn share one message.
    setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    while (this.#entries.size > 0) {
      const entries = [...this.#entries.values()];
      this.#entries = new Map();
      try {
        await this.#send(encodeWantlist(entries));
      } catch {
        // The peer is gone, hangs or does not speak bitswap; a want is sent again with its next round.
      }
    }
    this.#sending = false;
  }

  async #send(message: Uint8Array): Promise<void> {
    // Do not dial a peer that has left just to send entries.
    const connection = this.#libp2p.getConnections(this.#peer)[0];
    if (!connection) return;
    const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
    const stream = await connection.newStream(BITSWAP, { signal, runOnLimitedConnection: true });
    try {
      await stream.closeRead({ signal });
      if (!stream.send(message)) await stream.onDrain({ signal });
      await stream.close({ signal });
    } catch (error) {
      stream.abort(error as Error);
      throw error;
    }
  }
}
