import type { Announcement } from '@chorus/protocol';

/** What is known of a task before it is joined: its terms, and a peer that has the model. */
export type FoundTask = Pick<Announcement, 'terms' | 'peerId'>;

/** A refused task is looked at again after this long: stake or data may have come. */
const RECONSIDER_MILLISECONDS = 60_000;

/** Refused tasks remembered; beyond it the oldest is forgotten. */
const MAX_REFUSED = 1_000;

/** Announcements remembered for joining by hand; each holds terms of a few kilobytes. */
const MAX_FOUND = 200;

/** Tasks of others that this node has heard of, and those it has refused. */
export class KnownTasks {
  readonly #found = new Map<bigint, FoundTask>();
  /** Until when (ms) a refused task is left alone. */
  readonly #refused = new Map<bigint, number>();

  get(taskId: bigint): FoundTask | undefined {
    return this.#found.get(taskId);
  }

  /** It may be joined by hand, also where it is refused. */
  remember(taskId: bigint, { terms, peerId }: Announcement): void {
    this.#found.delete(taskId);
    this.#found.set(taskId, { terms, peerId });
    const [oldest] = this.#found.keys();
    if (this.#found.size > MAX_FOUND && oldest !== undefined) this.#found.delete(oldest);
  }

  isRefused(taskId: bigint): boolean {
    return (this.#refused.get(taskId) ?? 0) > Date.now();
  }

  refuse(taskId: bigint): void {
    this.#refused.delete(taskId);
    this.#refused.set(taskId, Date.now() + RECONSIDER_MILLISECONDS);
    const [oldest] = this.#refused.keys();
    if (this.#refused.size > MAX_REFUSED && oldest !== undefined) this.#refused.delete(oldest);
  }
}
