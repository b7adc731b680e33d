import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AdminEnv } from '../admin/env.ts';
import { eventsApp } from '../admin/host-areas/events.ts';
import { healthApp } from '../admin/host-areas/health.ts';
import { networkApp } from '../admin/host-areas/network.ts';
import { nodeApp } from '../admin/host-areas/node.ts';
import { publicationsApp } from '../admin/training-areas/publications.ts';
import { rewardsApp } from '../admin/training-areas/rewards.ts';
import { roundsApp } from '../admin/training-areas/rounds.ts';
import { stakesApp } from '../admin/training-areas/stakes.ts';
import { tasksApp } from '../admin/training-areas/tasks.ts';
import type { NodeEvent } from '../events/training-events.ts';
import type { ChorusNode } from '../lifecycle/chorus-node.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { NodeConditions } from '../status/node-conditions.ts';
import { NodeObserver } from '../status/node-observer.ts';
import { AttachedNode } from './attached-node.ts';
import { healthSource } from './health.ts';
import { networkSource } from './network.ts';
import { publicationsSource } from './publications.ts';
import { rewardsSource } from './rewards.ts';
import { roundsSource } from './rounds.ts';
import { stakesSource } from './stakes.ts';
import { type StatusOptions, statusSource } from './status.ts';
import { tasksSource } from './tasks.ts';

export interface NodeAdminOptions extends StatusOptions {
  metrics: Metrics;
  /** Begins to end the process. */
  onShutdown: () => void;
}

export interface NodeAdmin {
  /** The sub-apps of the API: the host's own, then those of training. */
  areas: readonly OpenAPIHono<AdminEnv>[];
  /** Every event of the node, from the first on. */
  observe(event: NodeEvent): void;
  /** The node, as soon as there is one. */
  attach(node: ChorusNode, conditions: NodeConditions): void;
}

/**
 * A node as its admin API shows it: what its events told, what its journal holds and what the chain says, put into
 * the API's documents.
 */
export function createNodeAdmin({ metrics, onShutdown, ...options }: NodeAdminOptions): NodeAdmin {
  const observer = new NodeObserver(metrics);
  const attached = new AttachedNode(observer);
  return {
    areas: [
      healthApp(healthSource(attached, observer, options.machine)),
      nodeApp({ ...statusSource(attached, observer, options), shutdown: onShutdown }),
      networkApp(networkSource(attached)),
      eventsApp(observer.events),
      tasksApp(tasksSource(attached, observer)),
      publicationsApp(publicationsSource(attached)),
      roundsApp(roundsSource(attached, observer)),
      rewardsApp(rewardsSource(attached)),
      stakesApp(stakesSource(attached)),
    ],
    observe: (event) => observer.observe(event),
    attach: (node, conditions) => attached.attach(node, conditions),
  };
}
