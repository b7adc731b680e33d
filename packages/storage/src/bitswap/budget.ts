import type { Connection, Libp2p, Stream, StreamHandler } from '@libp2p/interface';
import {
  ASK_CREDIT_BYTES,
  MAX_CREDIT_BYTES,
  WANTLIST_BYTES_PER_WINDOW,
  WANTLIST_WINDOW_MS,
} from '../core/limits.ts';

interface Account {
  /** Bytes it may still send. */
  left: number;
  /** Time of the last refill of the wantlists' part. */
  at: number;
}

/**
 * Bytes that each peer may send over bitswap: its wantlists, within bounds, and the blocks requested from it. The
 * node looks up and stores every entry of a wantlist, so a stream of them would cause work at no cost to the sender.
 */
export class Budget {
  readonly #accounts = new Map<string, Account>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A block was requested from the peer. */
  asked(peer: string): void {
    const account = this.#of(peer);
    account.left = Math.min(MAX_CREDIT_BYTES, account.left + ASK_CREDIT_BYTES);
  }

  /** Whether the peer may send this many bytes; they are deducted from its budget. */
  spend(peer: string, bytes: number): boolean {
    const account = this.#of(peer);
    account.left -= bytes;
    return account.left >= 0;
  }

  forget(peer: string): void {
    this.#accounts.delete(peer);
  }

  #of(peer: string): Account {
    const now = this.#now();
    const account = this.#accounts.get(peer) ?? { left: WANTLIST_BYTES_PER_WINDOW, at: now };
    if (now - account.at >= WANTLIST_WINDOW_MS) {
      account.left = Math.max(account.left, WANTLIST_BYTES_PER_WINDOW);
      account.at = now;
    }
    this.#accounts.set(peer, account);
    return account;
  }
}

/** The node as bitswap sees it, with every incoming stream limited to its peer's budget. */
export function metered(libp2p: Libp2p, budget: Budget, onFlood: (peer: string) => void): Libp2p {
  const meter = (handler: StreamHandler): StreamHandler => {
    return (stream: Stream, connection: Connection) => {
      const peer = connection.remotePeer.toString();
      stream.addEventListener('message', ({ data }) => {
        if (budget.spend(peer, data.byteLength)) return;
        if (stream.status === 'open') stream.abort(new Error('too much bitswap'));
        onFlood(peer);
      });
      return handler(stream, connection);
    };
  };
  return new Proxy(libp2p, {
    get(target, name) {
      if (name === 'handle') {
        return (protocols: string[], handler: StreamHandler, options?: object) =>
          target.handle(protocols, meter(handler), options);
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
