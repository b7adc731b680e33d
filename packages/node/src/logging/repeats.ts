import type { NodeEvent } from '../events/events.ts';

/** A line that says the same again is held back for so long. */
const QUIET_MILLISECONDS = 600_000;

/** Lines remembered; of more, the one written longest ago is forgotten. */
const MAX_LINES = 200;

interface Line {
  at: number;
  /** How often it was held back since. */
  held: number;
}

/**
 * Holds back what says the same again and again: a warning that comes once a second while a disk is full, a task that
 * is refused once a minute. It is written the first time, and then every ten minutes with how often it came.
 */
export class Repeats {
  readonly #clock: () => number;
  readonly #lines = new Map<string, Line>();

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  /** How often an event came since it was written last, 0 for one that is new; null where it is to be held back. */
  seen(event: NodeEvent): number | null {
    const key = keyOf(event);
    if (key === null) return 0;
    const now = this.#clock();
    const line = this.#lines.get(key);
    if (line && now - line.at < QUIET_MILLISECONDS) {
      line.held++;
      return null;
    }
    this.#lines.delete(key);
    this.#lines.set(key, { at: now, held: 0 });
    const [oldest] = this.#lines.keys();
    if (this.#lines.size > MAX_LINES && oldest !== undefined) this.#lines.delete(oldest);
    return line?.held ?? 0;
  }
}

/** What makes two events the same; null of kinds that each say something new. Numbers count up while nothing changes. */
function keyOf(event: NodeEvent): string | null {
  switch (event.type) {
    case 'warning':
      return `${event.code} ${event.message.replace(/\d+/g, '#')}`;
    case 'task-refused':
      return `refused ${event.taskId} ${event.code} ${event.message.replace(/\d+/g, '#')}`;
    default:
      return null;
  }
}
