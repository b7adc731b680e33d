import type { Notice } from '@chorus/admin-api';
import { EventRing } from '../admin/event-ring.ts';
import type { NodeEvent } from '../events/training-events.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { ActivityTracker } from './activity-tracker.ts';
import { RecentWarnings } from './recent-warnings.ts';

/** Between two events of progress in the stream. */
const PROGRESS_MILLISECONDS = 500;

/**
 * What the events of a node tell: the stream of the admin API, recent warnings, current activities, metrics. It is made
 * before the node, whose events it has to see from the first on.
 */
export class NodeObserver {
  readonly events = new EventRing();
  readonly warnings = new RecentWarnings();
  readonly activities = new ActivityTracker();
  readonly metrics: Metrics;
  readonly startedAt = new Date();
  #isReady = false;
  /** What keeps the node from starting. */
  #obstacle: Notice | null = null;
  /** The newest progress of each task in the stream. */
  readonly #progress = new Map<bigint, { step: string; at: number }>();

  constructor(metrics: Metrics) {
    this.metrics = metrics;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get obstacle(): Notice | null {
    return this.#obstacle;
  }

  /** Every event of the node comes by here. */
  observe(event: NodeEvent): void {
    if (event.type === 'ready') this.#isReady = true;
    if (event.type === 'condition-began') this.#obstacle = event;
    if (event.type === 'condition-ended') this.#obstacle = null;
    this.warnings.observe(event);
    this.activities.observe(event);
    this.metrics.observe(event);
    if (event.type === 'task-ended') this.#progress.delete(event.taskId);
    if (event.type !== 'progress' || this.#isNews(event)) this.events.add(event);
  }

  /** Progress comes many times a second; a stream with all of it would remember nothing else. */
  #isNews({ taskId, round, stage, fraction }: Extract<NodeEvent, { type: 'progress' }>): boolean {
    const step = `${round}:${stage}`;
    const now = Date.now();
    const last = this.#progress.get(taskId);
    if (last?.step === step && now - last.at < PROGRESS_MILLISECONDS && fraction < 1) return false;
    this.#progress.set(taskId, { step, at: now });
    return true;
  }
}
