import { BoundedMap, TokenBucket } from '@chorus/utils';

/** What each peer may ask for in a time, and all of them together. */
export class PeerBuckets {
  readonly #peers: BoundedMap<string, TokenBucket>;
  readonly #each: { perSecond: number; burst: number };
  readonly #all: TokenBucket;

  constructor(
    each: { perSecond: number; burst: number },
    all: { perSecond: number; burst: number },
    mostPeers: number,
  ) {
    this.#each = each;
    this.#all = new TokenBucket(all.perSecond, all.burst);
    this.#peers = new BoundedMap(mostPeers);
  }

  /** Whether one more request of the peer may be answered; it is counted then. */
  take(peer: string): boolean {
    const bucket = this.#peers.get(peer) ?? new TokenBucket(this.#each.perSecond, this.#each.burst);
    this.#peers.set(peer, bucket);
    if (bucket.waitMs() > 0 || this.#all.waitMs() > 0) return false;
    bucket.take(1);
    this.#all.take(1);
    return true;
  }
}
