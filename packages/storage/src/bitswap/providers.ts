import { BoundedSet } from '@chorus/utils';
import {
  ASK_NEXT_MS,
  HINTED_HEAD_START_MS,
  MAX_ASK_NEXT_MS,
  MAX_REMEMBERED_WANTS,
  MIN_ASK_NEXT_MS,
  MIN_TIMED_BYTES,
} from '../core/limits.ts';

interface Provider {
  /** Blocks asked for and not received. */
  open: number;
  /** Milliseconds from asking to having one block, averaged; undefined before the first. */
  mean: number | undefined;
  /** When it last served a block, unix milliseconds. */
  served: number;
}

/** How quickly the average follows. */
const WEIGHT = 0.3;

/** Statistics of the peers asked for blocks, to spread a file over those that serve it best. */
export class Providers {
  readonly #peers = new Map<string, Provider>();

  asked(peer: string): void {
    this.#of(peer).open++;
  }

  /** A block is no longer wanted from it. */
  dropped(peer: string): void {
    const known = this.#of(peer);
    known.open = Math.max(0, known.open - 1);
  }

  /** A block arrived. Small ones do not show the time that others take. */
  served(peer: string, tookMs: number, bytes: number): void {
    this.dropped(peer);
    const known = this.#of(peer);
    known.served = Date.now();
    if (bytes < MIN_TIMED_BYTES) return;
    known.mean = known.mean === undefined ? tookMs : known.mean + WEIGHT * (tookMs - known.mean);
  }

  /** Whether it has recently served a block. */
  serves(peer: string): boolean {
    const known = this.#peers.get(peer);
    return known !== undefined && Date.now() - known.served < HINTED_HEAD_START_MS;
  }

  /** Whether it has served a block since that time (milliseconds): it is working on earlier requests. */
  servedSince(peer: string, since: number): boolean {
    return (this.#peers.get(peer)?.served ?? 0) > since;
  }

  /** Of these, the one expected to have served one more block first; those never tried come before slow ones. */
  best(peers: string[]): string | undefined {
    const cost = (peer: string) => {
      const known = this.#peers.get(peer);
      return ((known?.open ?? 0) + 1) * (known?.mean ?? ASK_NEXT_MS);
    };
    return peers.reduce<string | undefined>(
      (best, peer) => (best === undefined || cost(peer) < cost(best) ? peer : best),
      undefined,
    );
  }

  /** Milliseconds to wait for a block from this peer before another is asked as well. */
  patience(peer: string): number {
    const known = this.#peers.get(peer);
    if (known?.mean === undefined) return ASK_NEXT_MS * Math.max(1, known?.open ?? 1);
    return Math.min(MAX_ASK_NEXT_MS, Math.max(MIN_ASK_NEXT_MS, 3 * known.mean * Math.max(1, known.open)));
  }

  forget(peer: string): void {
    this.#peers.delete(peer);
  }

  #of(peer: string): Provider {
    const known = this.#peers.get(peer) ?? { open: 0, mean: undefined, served: 0 };
    this.#peers.set(peer, known);
    return known;
  }
}

/**
 * Current and recently requested CIDs, to tell a duplicate or late block from an unsolicited one. Bitswap has no
 * other sign of a wrong block: a receiver computes the CID from the data, and finds that it does not want it.
 *
 * An open want is never forgotten: a peer that serves it late would be banned. Closed ones are bounded.
 */
export class RecentWants {
  /** How many wants of a CID are open. */
  readonly #open = new Map<string, number>();
  readonly #closed = new BoundedSet<string>(MAX_REMEMBERED_WANTS);

  open(cid: string): void {
    this.#open.set(cid, (this.#open.get(cid) ?? 0) + 1);
  }

  /** Once for each `open`. */
  close(cid: string): void {
    const left = (this.#open.get(cid) ?? 1) - 1;
    if (left > 0) {
      this.#open.set(cid, left);
      return;
    }
    this.#open.delete(cid);
    this.#closed.add(cid);
  }

  has(cid: string): boolean {
    return this.#open.has(cid) || this.#closed.has(cid);
  }
}
