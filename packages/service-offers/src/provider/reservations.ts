import type { Answer } from '@chorus/market';
import { MAX_RESERVED, MAX_RESERVED_PER_PEER, RESERVED_MILLISECONDS } from './limits.ts';

/** A place for an order that is not paid yet. */
export interface Reservation {
  peer: string;
  /** What was promised, as this node signed it. */
  answer: Answer;
  /** ms since 1970. */
  until: number;
}

/** Places that are kept for orders until they are paid, by the digests of their documents. */
export class Reservations {
  readonly #places = new Map<string, Reservation>();

  /** @returns why no place is kept; null if one is */
  keep(digest: string, peer: string, answer: Answer): string | null {
    const now = Date.now();
    for (const [key, { until }] of this.#places) if (until <= now) this.#places.delete(key);
    const present = this.#places.get(digest);
    if (present && present.peer !== peer) return 'this place is kept for another client';
    const ofPeer = [...this.#places.values()].filter((each) => each.peer === peer).length;
    if (!present && ofPeer >= MAX_RESERVED_PER_PEER) return 'it keeps places for other orders of this client';
    if (!present && this.#places.size >= MAX_RESERVED) return 'it keeps as many places as it can';
    this.#places.set(digest, { peer, answer, until: now + RESERVED_MILLISECONDS });
    return null;
  }

  get(digest: string): Reservation | null {
    return this.#places.get(digest) ?? null;
  }

  free(digest: string): void {
    this.#places.delete(digest);
  }

  /** Places that are kept for an offer, that of one document left out. */
  count(agentId: bigint, offer: string, but = ''): number {
    const now = Date.now();
    const isFor = ([key, { answer, until }]: [string, Reservation]) =>
      key !== but && until > now && answer.agentId === agentId && answer.offer === offer;
    return [...this.#places].filter(isFor).length;
  }
}
