import { BAN_AT, BAN_MS, BLAME_HALF_LIFE_MS, MAX_BLAMED_PEERS } from './limits.ts';

/**
 * What a peer is blamed for, in points; at {@link BAN_AT} it is banned. Whatever an honest but slow or confused
 * peer does now and then costs little; what only a broken or hostile one does costs much.
 */
export const BLAME = {
  /** A handler rejected a message that this peer passed on, though every honest node would have stopped it. */
  'rejected-message': 12,
  /** A request longer than allowed. */
  'oversized-request': 34,
  /** More requests than allowed. */
  'too-many-requests': 3,
  /** More bytes of gossip than allowed. */
  'gossip-flood': 34,
} as const;

export type Offence = keyof typeof BLAME;

export interface Ban {
  peer: string;
  /** Unix milliseconds; Infinity for good. */
  until: number;
  reason: string;
}

interface Blame {
  points: number;
  at: number;
}

/** Remembers who misbehaved, forgets it with time, and says who is banned. */
export class PeerBook {
  readonly #blame = new Map<string, Blame>();
  readonly #bans = new Map<string, Ban>();
  readonly #onBan: (ban: Ban) => void;
  readonly #now: () => number;

  /** `onBan` is told of every ban, to close the peer's connections. */
  constructor(onBan: (ban: Ban) => void, now: () => number = Date.now) {
    this.#onBan = onBan;
    this.#now = now;
  }

  blame(peer: string, offence: Offence): void {
    const points = this.points(peer) + BLAME[offence];
    this.#blame.delete(peer);
    this.#blame.set(peer, { points, at: this.#now() });
    if (points >= BAN_AT) {
      this.#blame.delete(peer);
      this.ban(peer, BAN_MS, offence);
    } else if (this.#blame.size > MAX_BLAMED_PEERS) {
      this.#forgetLeast();
    }
  }

  /** Blame of a peer now, 0 to {@link BAN_AT}. */
  points(peer: string): number {
    const blame = this.#blame.get(peer);
    if (!blame) return 0;
    return blame.points * 2 ** ((blame.at - this.#now()) / BLAME_HALF_LIFE_MS);
  }

  ban(peer: string, ms: number, reason: string): void {
    const ban = { peer, until: this.#now() + ms, reason };
    this.#bans.set(peer, ban);
    if (this.#bans.size > MAX_BLAMED_PEERS) this.bans(); // drops those that have ended
    this.#onBan(ban);
  }

  unban(peer: string): void {
    this.#bans.delete(peer);
    this.#blame.delete(peer);
  }

  isBanned(peer: string): boolean {
    const ban = this.#bans.get(peer);
    if (!ban) return false;
    if (ban.until > this.#now()) return true;
    this.#bans.delete(peer);
    return false;
  }

  bans(): Ban[] {
    return [...this.#bans.values()].filter((ban) => this.isBanned(ban.peer));
  }

  #forgetLeast(): void {
    const least = [...this.#blame.keys()].map((peer) => ({ peer, points: this.points(peer) }));
    least.sort((a, b) => a.points - b.points);
    for (const { peer } of least.slice(0, MAX_BLAMED_PEERS / 8)) this.#blame.delete(peer);
  }
}
