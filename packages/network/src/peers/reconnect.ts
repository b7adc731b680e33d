import {
  MAX_REACHED_PEERS,
  REACH_GIVE_UP_MS,
  REACH_GROWTH,
  REACH_INTERVAL_MS,
  REACH_MAX_WAIT_MS,
} from '../core/limits.ts';

interface Target {
  /** Unix milliseconds at which a lost target is given up; Infinity for bootstrap peers. */
  until: number;
  /** Unix milliseconds of the next attempt. */
  next: number;
  wait: number;
  trying: boolean;
}

export interface ReconnectorOptions {
  /** Whether there is a connection to the target. */
  isConnected: (target: string) => boolean;
  connect: (target: string) => Promise<void>;
  /** Called with a target that can never be reached, such as an invalid peer id; it is dropped. */
  onFault?: (target: string, error: unknown) => void;
  now?: () => number;
}

/**
 * Reconnects to lost peers: after a partition, a restart of the peer, or a suspended laptop. libp2p tries a lost peer
 * five times within half a minute and bootstrap peers once; a node that runs for weeks must not give up on its
 * network.
 */
export class Reconnector {
  readonly #targets = new Map<string, Target>();
  readonly #isConnected: ReconnectorOptions['isConnected'];
  readonly #connect: ReconnectorOptions['connect'];
  readonly #onFault: NonNullable<ReconnectorOptions['onFault']>;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;

  constructor({ isConnected, connect, onFault = () => {}, now = Date.now }: ReconnectorOptions) {
    this.#onFault = onFault;
    this.#isConnected = isConnected;
    this.#connect = connect;
    this.#now = now;
    this.#timer = setInterval(() => this.look(), REACH_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Keep a connection to this address or peer: `forever`, or until it has been lost for a quarter of an hour. */
  keep(target: string, forever: boolean): void {
    const until = forever ? Number.POSITIVE_INFINITY : this.#now() + REACH_GIVE_UP_MS;
    const known = this.#targets.get(target);
    if (known) {
      known.until = Math.max(known.until, until);
      return;
    }
    if (this.#targets.size >= MAX_REACHED_PEERS && !forever) return;
    this.#targets.set(target, {
      until,
      next: this.#now() + REACH_INTERVAL_MS,
      wait: REACH_INTERVAL_MS,
      trying: false,
    });
  }

  /** Stop reconnecting to it. */
  drop(target: string): void {
    this.#targets.delete(target);
  }

  /** The targets that are not connected. */
  lost(): string[] {
    return [...this.#targets.keys()].filter((target) => this.#connected(target) === false);
  }

  /** Checks all targets once; the timer calls it. */
  look(): void {
    const now = this.#now();
    for (const [name, target] of this.#targets) {
      const connected = this.#connected(name);
      if (connected === null) continue;
      if (connected) {
        target.wait = REACH_INTERVAL_MS;
        target.next = now + REACH_INTERVAL_MS;
        if (Number.isFinite(target.until)) target.until = now + REACH_GIVE_UP_MS;
      } else if (now > target.until) {
        this.#targets.delete(name);
      } else if (!target.trying && now >= target.next) {
        this.#try(name, target);
      }
    }
  }

  /** Whether there is a connection; null if the question itself fails, and the target is dropped. */
  #connected(name: string): boolean | null {
    try {
      return this.#isConnected(name);
    } catch (error) {
      // Called by a timer: an error would end the process.
      this.#targets.delete(name);
      this.#onFault(name, error);
      return null;
    }
  }

  #try(name: string, target: Target): void {
    target.trying = true;
    this.#connect(name)
      .catch(() => undefined) // tried again after the pause
      .finally(() => {
        target.trying = false;
        target.wait = Math.min(REACH_MAX_WAIT_MS, target.wait * REACH_GROWTH);
        // Spread out, so that a whole network does not return to one bootstrap peer at the same moment.
        target.next = this.#now() + target.wait * (0.75 + Math.random() / 2);
      });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#targets.clear();
  }
}
