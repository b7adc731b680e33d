import { randomBytes } from 'node:crypto';
import { bigintAsText } from '@chorus/protocol';
import type { AnyEvent } from './events.ts';

/** Number of events remembered for streams that reconnect. */
const MAX_EVENTS = 2_000;

/** Largest total size of these events: all of them fit into the queue of a stream. */
const MAX_BYTES = 1024 * 1024;

/** One event as it is sent. */
export interface StoredEvent {
  id: string;
  /** Null for node-wide events. */
  taskId: string | null;
  type: string;
  /** JSON of the time and the event. */
  data: string;
}

/** The last events of this run, for resuming a stream: bounded in number and in bytes. */
export class EventRing {
  /** Marks the ids of this run: ids of another run must not match. */
  readonly #run = randomBytes(6).toString('hex');
  readonly #events: StoredEvent[] = [];
  readonly #listeners = new Set<(event: StoredEvent) => void>();
  #bytes = 0;
  #next = 1;

  add<E extends AnyEvent>(event: E, at = Date.now()): void {
    const stored: StoredEvent = {
      id: `${this.#run}-${this.#next++}`,
      taskId: 'taskId' in event ? String(event.taskId) : null,
      type: event.type,
      data: JSON.stringify({ at, event }, bigintAsText),
    };
    this.#events.push(stored);
    this.#bytes += stored.data.length;
    while (this.#events.length > MAX_EVENTS || (this.#bytes > MAX_BYTES && this.#events.length > 1)) {
      this.#bytes -= this.#events.shift()!.data.length;
    }
    for (const listener of this.#listeners) listener(stored);
  }

  /**
   * Events after the one with this id. If some of them are forgotten, `gap` is the id of the last forgotten one: a
   * stream that resumes after it misses none of the remaining events.
   */
  after(id: string): { events: StoredEvent[]; gap: string | null } {
    const [, run, text] = /^([0-9a-f]+)-(\d{1,15})$/.exec(id) ?? [];
    const seen = Number(text);
    const first = this.#next - this.#events.length;
    const known = run === this.#run && Number.isSafeInteger(seen) && seen < this.#next && seen + 1 >= first;
    return known
      ? { events: this.#events.slice(seen + 1 - first), gap: null }
      : { events: [...this.#events], gap: `${this.#run}-${first - 1}` };
  }

  /** Streams that follow new events. */
  get listeners(): number {
    return this.#listeners.size;
  }

  listen(listener: (event: StoredEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
