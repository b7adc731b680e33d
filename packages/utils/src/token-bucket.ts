/**
 * A token bucket: `rate` tokens a second, at most `burst` saved up. One taker may overdraw it and must then wait; so
 * a demand larger than the burst passes too, only later.
 */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  readonly #now: () => number;
  #tokens: number;
  #at: number;

  /** `rate` in tokens a second, above 0. By default a quarter of a second's tokens can be saved up. */
  constructor(rate: number, burst = rate / 4, now: () => number = () => performance.now()) {
    if (!(rate > 0) || !(burst > 0)) throw new RangeError('a token bucket needs a rate and a burst above 0');
    this.#rate = rate;
    this.#burst = burst;
    this.#now = now;
    this.#tokens = burst;
    this.#at = now();
  }

  /** Current number of tokens; negative while overdrawn. */
  get tokens(): number {
    const now = this.#now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
    return this.#tokens;
  }

  /** Take tokens even if there are too few; returns the milliseconds until the bucket is no longer overdrawn. */
  take(count: number): number {
    this.#tokens = this.tokens - count;
    return this.waitMs();
  }

  /** Milliseconds until tokens are available. */
  waitMs(): number {
    const { tokens } = this;
    return tokens > 0 ? 0 : Math.ceil(((1 - tokens) / this.#rate) * 1000);
  }
}
