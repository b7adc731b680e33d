import type { Refusal } from '@chorus/admin-api';
import { BoundedMap } from '@chorus/utils';
import type { NodeEvent } from '../events/training-events.ts';

/** Number of rounds whose stage times are remembered, and of refused tasks. */
const MAX_ROUNDS = 500;
const MAX_REFUSALS = 50;

/** A node's current activity in one task. */
export interface Activity {
  stage: string;
  round: number;
  since: number;
  fraction: number | null;
}

/** The node's work, derived from its events: current activity, stage times, tasks not joined. */
export class ActivityTracker {
  readonly #now = new Map<bigint, Activity[]>();
  readonly #seconds = new BoundedMap<string, Record<string, number>>(MAX_ROUNDS);
  readonly #refusals = new BoundedMap<bigint, Refusal>(MAX_REFUSALS);

  observe(event: NodeEvent, at = Date.now()): void {
    switch (event.type) {
      case 'stage-started':
        this.#begin(event.taskId, { stage: event.stage, round: event.round, since: at, fraction: null });
        break;
      case 'progress': {
        const activity = this.#find(event.taskId, event.stage, event.round);
        if (activity) activity.fraction = Math.min(1, Math.max(0, event.fraction));
        break;
      }
      case 'stage':
        this.#end(event.taskId, event.stage, event.round);
        this.#took(event.taskId, event.round, event.stage, event.seconds);
        break;
      // A failed stage reports no end; the end of the round does.
      case 'round-ended':
        this.#keep(event.taskId, ({ round }) => round > event.round);
        break;
      case 'task-ended':
        this.#now.delete(event.taskId);
        break;
      case 'joined':
        this.#refusals.delete(event.taskId);
        break;
      case 'task-refused':
        this.#refused(event, at);
        break;
    }
  }

  /** The latest unfinished stage. */
  of(taskId: bigint): Activity | null {
    return this.#now.get(taskId)?.at(-1) ?? null;
  }

  stageSeconds(taskId: bigint, round: number): Record<string, number> {
    return { ...this.#seconds.get(`${taskId}:${round}`) };
  }

  /** The newest first. */
  refusals(): Refusal[] {
    return [...this.#refusals.values()].reverse();
  }

  #begin(taskId: bigint, activity: Activity): void {
    this.#end(taskId, activity.stage, activity.round);
    this.#now.set(taskId, [...(this.#now.get(taskId) ?? []), activity]);
  }

  #find(taskId: bigint, stage: string, round: number): Activity | undefined {
    return this.#now.get(taskId)?.find((a) => a.stage === stage && a.round === round);
  }

  #end(taskId: bigint, stage: string, round: number): void {
    this.#keep(taskId, (a) => a.stage !== stage || a.round !== round);
  }

  #keep(taskId: bigint, wanted: (activity: Activity) => boolean): void {
    const left = (this.#now.get(taskId) ?? []).filter(wanted);
    if (left.length > 0) this.#now.set(taskId, left);
    else this.#now.delete(taskId);
  }

  #took(taskId: bigint, round: number, stage: string, seconds: number): void {
    const key = `${taskId}:${round}`;
    const times = this.#seconds.get(key) ?? {};
    times[stage] = Math.round(1000 * seconds) / 1000;
    this.#seconds.set(key, times);
  }

  #refused(event: Extract<NodeEvent, { type: 'task-refused' }>, at: number): void {
    const { taskId, code, message, hint } = event;
    this.#refusals.set(taskId, {
      taskId: taskId.toString(),
      at: new Date(at).toISOString(),
      code,
      message,
      hint,
    });
  }
}
