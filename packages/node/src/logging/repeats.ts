import type { NodeEvent } from '../events/events.ts';

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
  readonly #clock: () => number;
  readonly #lines = new Map<string, Line>();

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  /** How often an event came since it was last written, 0 for a new one; null if it must be suppressed. */
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

/**
 * The key by which two events are the same; null for kinds of which each event is new. Numbers are ignored, because
 * they grow while nothing else changes.
 */
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
