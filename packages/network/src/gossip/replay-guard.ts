import { BoundedMap } from '@chorus/utils';
import { MAX_REMEMBERED_AUTHORS, REPLAY_WINDOW_MESSAGES } from '../core/limits.ts';

interface Seen {
  /** Highest sequence number of the author so far. */
  top: bigint;
  /** Bit i is set if `top - i` has been seen. */
  mask: bigint;
}

const WINDOW = BigInt(REPLAY_WINDOW_MESSAGES);
const MASK = (1n << WINDOW) - 1n;

/**
 * Distinguishes replayed messages from new ones after gossipsub has forgotten their ids, by the author's sequence
 * number: the sliding window of RFC 4303, section 3.4.3.
 *
 * Sequence numbers begin at the clock of the author's start, in nanoseconds, and grow by one per message (go-libp2p
 * and js-libp2p alike). Messages may overtake each other within the width of the window.
 */
export class ReplayGuard {
  readonly #authors = new BoundedMap<string, Seen>(MAX_REMEMBERED_AUTHORS);

  /** True if this author's message is new; it is then recorded. */
  admit(author: string, sequence: bigint): boolean {
    const seen = this.#authors.get(author);
    if (!seen) {
      this.#remember(author, { top: sequence, mask: 1n });
      return true;
    }
    const ahead = sequence - seen.top;
    if (ahead > 0n) {
      const mask = ahead >= WINDOW ? 1n : ((seen.mask << ahead) | 1n) & MASK;
      this.#remember(author, { top: sequence, mask });
      return true;
    }
    if (-ahead >= WINDOW || (seen.mask >> -ahead) & 1n) return false;
    this.#remember(author, { top: seen.top, mask: seen.mask | (1n << -ahead) });
    return true;
  }

  /** The most recent authors are kept longest. */
  #remember(author: string, seen: Seen): void {
    this.#authors.set(author, seen);
  }
}
