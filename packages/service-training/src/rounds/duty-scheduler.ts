import type { Duty } from '@chorus/protocol';

/** First pause after a failed duty, milliseconds; it doubles up to the longest. */
export const RETRY_DUTY = { first: 250, longest: 5_000 };

/** `train:3` */
export const keyOf = ({ kind, round }: Pick<Duty, 'kind' | 'round'>): string => `${kind}:${round}`;

export interface DutyAttempt {
  /** Done once it has succeeded; otherwise it may be due again. */
  once: boolean;
  work: () => Promise<void>;
  /** The attempt failed; another one follows after a pause. */
  failed: (error: unknown) => Promise<void>;
  /** The attempt is over, whatever its outcome. */
  over: () => void;
}

/**
 * Which duties of one task are under way, done, or to be attempted again after a pause; and the work that goes on
 * next to
 * them. It knows keys and pauses: its owner decides what a duty is, and when it is due.
 */
export class DutyScheduler {
  readonly #active = new Map<string, Promise<void>>();
  readonly #background = new Map<string, Promise<void>>();
  readonly #done = new Set<string>();
  readonly #retries = new Map<string, { at: number; wait: number }>();
  #forgotThrough = 0;

  /** Keys of the duties under way. */
  get active(): string[] {
    return [...this.#active.keys()];
  }

  /** Whether nothing is in progress, background work included. */
  get idle(): boolean {
    return this.#active.size + this.#background.size === 0;
  }

  /** Failed duties that wait for a retry. */
  get waiting(): number {
    return [...this.#retries.keys()].filter((key) => this.isOpen(key)).length;
  }

  isDone(key: string): boolean {
    return this.#done.has(key);
  }

  /** Whether it is neither under way nor done. */
  isOpen(key: string): boolean {
    return !this.#active.has(key) && !this.#background.has(key) && !this.#done.has(key);
  }

  /** When (unix milliseconds) a duty that failed may be attempted again; 0 if it did not fail. */
  retryAt(key: string): number {
    return this.#retries.get(key)?.at ?? 0;
  }

  start(key: string, { once, work, failed, over }: DutyAttempt): void {
    const attempt = work()
      .then(
        () => {
          if (once) this.#done.add(key);
          this.#retries.delete(key);
        },
        (error: unknown) => {
          this.#backOff(key);
          return failed(error);
        },
      )
      .finally(() => {
        this.#active.delete(key);
        over();
      });
    this.#active.set(key, attempt);
  }

  /** Background work, awaited only at the end; it reports its own failures. `once`: not again under this key. */
  startBackground(key: string, work: Promise<void>, { once = false } = {}): void {
    if (once) this.#done.add(key);
    this.#background.set(
      key,
      work.finally(() => this.#background.delete(key)),
    );
  }

  /** Forget all earlier rounds: they are over. */
  forgetBefore(round: number): void {
    for (; this.#forgotThrough < round - 1; this.#forgotThrough++) {
      const ofRound = new RegExp(`^[^:]+:${this.#forgotThrough + 1}(:|$)`);
      for (const key of this.#done) if (ofRound.test(key)) this.#done.delete(key);
      for (const key of this.#retries.keys()) if (ofRound.test(key)) this.#retries.delete(key);
    }
  }

  /** Resolves when all current work is over. */
  async finished(): Promise<void> {
    await Promise.allSettled([...this.#active.values(), ...this.#background.values()]);
  }

  #backOff(key: string): void {
    const { first, longest } = RETRY_DUTY;
    const wait = Math.min(longest, 2 * (this.#retries.get(key)?.wait ?? first / 2));
    this.#retries.set(key, { at: Date.now() + wait, wait });
  }
}
