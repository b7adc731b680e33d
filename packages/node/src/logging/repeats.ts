import { BoundedMap } from '@chorus/utils';
import type { AnyCatalogue } from '../events/catalogue.ts';
import type { AnyEvent } from '../events/events.ts';

/** Time for which a repeated line is suppressed. */
const QUIET_MILLISECONDS = 600_000;

/** Number of lines remembered; beyond it, the line written longest ago is forgotten. */
const MAX_LINES = 200;

interface Line {
  at: number;
  /** How often it was suppressed since then. */
  held: number;
}

/**
 * Suppresses repeated lines: a warning that comes once a second while a disk is full, a task that
 * is refused once a minute. A line is written the first time, and then every ten minutes with its count.
 */
export class Repeats {
  readonly #catalogue: AnyCatalogue;
  readonly #clock: () => number;
  readonly #lines = new BoundedMap<string, Line>(MAX_LINES);

  constructor(catalogue: AnyCatalogue, clock: () => number = Date.now) {
    this.#catalogue = catalogue;
    this.#clock = clock;
  }

  /** How often an event came since it was last written, 0 for a new one; null if it must be suppressed. */
  seen<E extends AnyEvent>(event: E): number | null {
    const key = this.#catalogue[event.type]?.repeats?.(event);
    if (key === undefined) return 0;
    const now = this.#clock();
    const line = this.#lines.get(key);
    if (line && now - line.at < QUIET_MILLISECONDS) {
      line.held++;
      return null;
    }
    this.#lines.set(key, { at: now, held: 0 });
    return line?.held ?? 0;
  }
}
