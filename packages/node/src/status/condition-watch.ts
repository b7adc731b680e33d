import type { Notice } from '../admin/schema/values.ts';
import type { EventSink } from '../events/events.ts';

/** How often a node looks at what stands in its way. Each look asks the chain twice. */
const LOOK_MILLISECONDS = 20_000;

/** What holds at the moment, and since when (unix milliseconds). */
export interface Condition extends Notice {
  since: number;
}

/**
 * Keeps what stands in the way of a node, and has its beginning and its end told once each: who reads the log learns
 * of an outage, and of its end, without asking for the status.
 */
export class ConditionWatch {
  readonly #emit: EventSink;
  readonly #look: () => Promise<readonly Notice[]>;
  readonly #clock: () => number;
  readonly #known = new Map<string, Condition>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  #closed = false;

  /** @param look - what holds now; a look that fails changes nothing */
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

  /** Look now; one look at a time. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .then((notices) => this.update(notices))
      // What could not be looked at is as it was.
      .catch(() => {})
      .finally(() => {
        this.#looking = null;
      });
    return this.#looking;
  }

  /** What held at the last look. */
  current(): readonly Condition[] {
    return [...this.#known.values()];
  }

  /** Take over what holds now, and tell what has begun and what has ended. */
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
