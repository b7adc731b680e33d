import type { Warning } from '@chorus/admin-api';
import { plainLine } from '@chorus/protocol';
import { BoundedMap } from '@chorus/utils';
import type { HostEvent } from './events.ts';

/** Maximum number of warnings; beyond it, the oldest kind is dropped. */
const MAX_WARNINGS = 50;

/** A warning that was not repeated for this time is over. */
const KEPT_MILLISECONDS = 60 * 60_000;

interface Entry {
  code: string;
  message: string;
  hint: string | null;
  count: number;
  firstAt: number;
  lastAt: number;
}

/** The warnings of the last hour, each kind once. */
export class RecentWarnings {
  readonly #entries = new BoundedMap<string, Entry>(MAX_WARNINGS);
  readonly #clock: () => number;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  observe(event: HostEvent): void {
    // Failures during a condition end with it.
    if (event.type === 'condition-ended') this.#entries.delete(event.code);
    if (event.type !== 'warning') return;
    this.add(event.code, plainLine(event.message), event.hint === null ? null : plainLine(event.hint));
  }

  add(code: string, message: string, hint: string | null): void {
    const now = this.#clock();
    const known = this.#entries.get(code);
    this.#entries.set(code, {
      code,
      message,
      hint,
      count: (known?.count ?? 0) + 1,
      firstAt: known?.firstAt ?? now,
      lastAt: now,
    });
  }

  /** When a warning whose code begins with this prefix was last given, unix milliseconds; 0 if never. */
  lastOf(prefix: string): number {
    return Math.max(
      0,
      ...[...this.#entries.values()].filter((e) => e.code.startsWith(prefix)).map((e) => e.lastAt),
    );
  }

  /** The newest first. */
  list(): Warning[] {
    const oldest = this.#clock() - KEPT_MILLISECONDS;
    for (const [code, { lastAt }] of this.#entries) if (lastAt < oldest) this.#entries.delete(code);
    return [...this.#entries.values()].reverse().map(({ firstAt, lastAt, ...entry }) => ({
      ...entry,
      firstAt: new Date(firstAt).toISOString(),
      lastAt: new Date(lastAt).toISOString(),
    }));
  }
}
