import type { Explanation } from '@chorus/protocol';
import type { AnyCatalogue } from './catalogue.ts';
import { EventRing } from './event-ring.ts';
import type { AnyEvent, HostEvent } from './events.ts';
import { RecentWarnings } from './recent-warnings.ts';

/**
 * Every event of a node comes by here, from the first on: for the log, the stream of the admin API, recent warnings,
 * and other listeners.
 */
export class EventHub {
  /** The last events, for streams. */
  readonly ring = new EventRing();
  readonly warnings = new RecentWarnings();
  readonly startedAt = new Date();
  readonly #catalogue: AnyCatalogue;
  readonly #listeners: ((event: AnyEvent) => void)[] = [];
  /** When an event of each sampled key was last put into the ring. */
  readonly #sampled = new Map<string, number>();
  #isReady = false;
  #obstacle: Explanation | null = null;

  constructor(catalogue: AnyCatalogue) {
    this.#catalogue = catalogue;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** What keeps the node from starting. */
  get obstacle(): Explanation | null {
    return this.#obstacle;
  }

  /** See every event from now on. */
  listen(listener: (event: AnyEvent) => void): void {
    this.#listeners.push(listener);
  }

  emit<E extends AnyEvent>(event: E): void {
    const own = event as unknown as HostEvent;
    if (own.type === 'ready') this.#isReady = true;
    if (own.type === 'condition-began') this.#obstacle = own;
    if (own.type === 'condition-ended') this.#obstacle = null;
    this.warnings.observe(own);
    if (this.#isNews(event)) this.ring.add(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** Some events come many times a second; a stream with all of them would remember nothing else. */
  #isNews(event: AnyEvent): boolean {
    const sampled = this.#catalogue[event.type]?.sampled;
    if (!sampled) return true;
    const key = `${event.type} ${sampled.key(event)}`;
    if (sampled.ends(event)) {
      this.#sampled.delete(key);
      return true;
    }
    const now = Date.now();
    if (now - (this.#sampled.get(key) ?? Number.NEGATIVE_INFINITY) < sampled.milliseconds) return false;
    for (const [other, at] of this.#sampled)
      if (now - at >= sampled.milliseconds) this.#sampled.delete(other);
    this.#sampled.set(key, now);
    return true;
  }
}
