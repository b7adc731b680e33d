import type { Announcement } from '@chorus/protocol';
import { BoundedMap } from '@chorus/utils';

/** Facts about a task before it is joined: its terms, and a peer that has the model. */
export type FoundTask = Pick<Announcement, 'terms' | 'peerId'>;

/** Pause before a refused task is considered again: the node may have got stake or data. */
const RECONSIDER_MILLISECONDS = 60_000;

/** Number of refused tasks remembered; beyond it, the oldest is forgotten. */
const MAX_REFUSED = 1_000;

/** Number of announcements remembered for joining by hand; each holds terms of a few kilobytes. */
const MAX_FOUND = 200;

/** Tasks of others that this node has heard of, and those it has refused. */
export class KnownTasks {
  readonly #found = new BoundedMap<bigint, FoundTask>(MAX_FOUND);
  /** Until when (ms) a refused task is ignored. */
  readonly #refused = new BoundedMap<bigint, number>(MAX_REFUSED);

  get(taskId: bigint): FoundTask | undefined {
    return this.#found.get(taskId);
  }

  /** The task may be joined by hand, even if it was refused. */
  remember(taskId: bigint, { terms, peerId }: Announcement): void {
    this.#found.set(taskId, { terms, peerId });
  }

  isRefused(taskId: bigint): boolean {
    return (this.#refused.get(taskId) ?? 0) > Date.now();
  }

  refuse(taskId: bigint): void {
    this.#refused.set(taskId, Date.now() + RECONSIDER_MILLISECONDS);
  }
}
