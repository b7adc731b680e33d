import { BAN_AT, BAN_MS, BLAME_HALF_LIFE_MS, MAX_BANS, MAX_BLAMED_PEERS } from '../core/limits.ts';

/**
 * Points of blame for each offence; at {@link BAN_AT} a peer is banned. An offence that an honest but slow or
 * confused peer may commit now and then costs little; one that only a broken or hostile peer commits costs much.
 */
export const BLAME = {
  /** A handler rejected a message that this peer passed on, though every honest node would have stopped it. */
  'rejected-message': 12,
  /** A message with an invalid signature: every honest node checks what it passes on. */
  'forged-message': 34,
  /** A message of its own that it sent before. */
  'replayed-message': 4,
  /** More messages of its own on one topic than allowed. */
  'topic-flood': 3,
  /** A request longer than allowed. */
  'oversized-request': 34,
  /** An unfinished request: it holds a stream open for nothing. */
  'unfinished-request': 3,
  /** More requests than allowed. */
  'too-many-requests': 3,
  /** An HTTP request above the allowed rate; the answer says how long to wait. */
  'http-flood': 1,
  /** Something else than HTTP on an HTTP stream. */
  'http-malformed': 34,
  /** An HTTP request with too long a head, or with more body than it may have without having said so. */
  'http-oversized': 12,
  /** More bytes of gossip than allowed. */
  'gossip-flood': 34,
  /** Connects again and again: each handshake costs this node more than the other. */
  'connection-churn': 20,
  /** More wantlists, or blocks, than allowed. */
  'bitswap-flood': 34,
  /**
   * A summary of a settled round that does not open the commitment on chain, or differs from what was proven: honest
   * peers check what they pass on. A later reorganisation of the chain may make an honest one wrong.
   */
  'wrong-summary': 34,
  /** A block that this node did not request or that does not match its CID: no honest peer sends one. */
  'wrong-block': 100,
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

export interface PeerReputationOptions {
  /** Called on every ban, to close the peer's connections. */
  onBan?: (ban: Ban) => void;
  /** Called with the whole list whenever it changes, to store it. */
  onChange?: (bans: Ban[]) => void;
  now?: () => number;
}

/** Records the blame of peers, lets it fade with time, and tells which peers are banned. */
export class PeerReputation {
  readonly #blame = new Map<string, Blame>();
  /** Oldest first. */
  readonly #bans = new Map<string, Ban>();
  readonly #onBan: (ban: Ban) => void;
  readonly #onChange: (bans: Ban[]) => void;
  readonly #now: () => number;

  constructor({ onBan = () => {}, onChange = () => {}, now = Date.now }: PeerReputationOptions = {}) {
    this.#onBan = onBan;
    this.#onChange = onChange;
    this.#now = now;
  }

  /** Bans of an earlier run; expired ones are left out, without a callback. */
  restore(bans: Ban[]): void {
    for (const ban of bans) if (ban.until > this.#now()) this.#bans.set(ban.peer, ban);
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
    const ban = { peer, until: this.#now() + ms, reason: reason.slice(0, 200) };
    this.#bans.delete(peer);
    this.#bans.set(peer, ban);
    if (this.#bans.size > MAX_BANS) this.#makeRoom();
    this.#onBan(ban);
    this.#onChange(this.bans());
  }

  unban(peer: string): void {
    this.#blame.delete(peer);
    if (this.#bans.delete(peer)) this.#onChange(this.bans());
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

  /** Bans that have ended go first, then the oldest of those that end, then the oldest. */
  #makeRoom(): void {
    const all = this.bans();
    const first = all.find((ban) => Number.isFinite(ban.until)) ?? all[0];
    if (first && this.#bans.size > MAX_BANS) this.#bans.delete(first.peer);
  }

  #forgetLeast(): void {
    const least = [...this.#blame.keys()].map((peer) => ({ peer, points: this.points(peer) }));
    least.sort((a, b) => a.points - b.points);
    for (const { peer } of least.slice(0, MAX_BLAMED_PEERS / 8)) this.#blame.delete(peer);
  }
}
