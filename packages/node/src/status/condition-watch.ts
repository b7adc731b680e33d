import type { Notice } from '@chorus/admin-api';
import type { EventSink } from '../events/events.ts';

/** Interval for checking the node's conditions. Each check asks the chain twice. */
const LOOK_MILLISECONDS = 20_000;

/** A current condition, and since when it holds (unix milliseconds). */
export interface Condition extends Notice {
  since: number;
}

/**
 * Keeps the conditions that obstruct a node, and reports the beginning and the end of each once: the log shows an
 * outage, and its end, without a request for the status.
 */
export class ConditionWatch {
  readonly #emit: EventSink;
  readonly #look: () => Promise<readonly Notice[]>;
  readonly #clock: () => number;
  readonly #known = new Map<string, Condition>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  #closed = false;

  /** @param look - returns the current conditions; a failed check changes nothing */
  constructor(emit: EventSink, look: () => Promise<readonly Notice[]>, clock: () => number = Date.now) {
    this.#emit = emit;
    this.#look = look;
    this.#clock = clock;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_MILLISECONDS);
    this.#timer.unref();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  /** Check now; one check at a time. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .then((notices) => this.update(notices))
      // A failed check changes no condition.
      .catch(() => {})
      .finally(() => {
        this.#looking = null;
      });
    return this.#looking;
  }

  /** The conditions at the last check. */
  current(): readonly Condition[] {
    return [...this.#known.values()];
  }

  /** Store the current conditions, and report those that have begun or ended. */
  update(notices: readonly Notice[]): void {
    if (this.#closed) return;
    const at = this.#clock();
    for (const notice of notices) {
      const since = this.#known.get(notice.code)?.since;
      this.#known.set(notice.code, { ...notice, since: since ?? at });
      if (since === undefined) this.#emit({ type: 'condition-began', ...notice });
    }
    for (const { code, message, since } of [...this.#known.values()]) {
      if (notices.some((notice) => notice.code === code)) continue;
      this.#known.delete(code);
      this.#emit({ type: 'condition-ended', code, message, seconds: Math.round((at - since) / 1000) });
    }
  }
}
