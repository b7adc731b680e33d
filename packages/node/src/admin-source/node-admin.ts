import type { AdminSource } from '../admin/source.ts';
import type { NodeEvent } from '../events/training-events.ts';
import type { ChorusNode } from '../lifecycle/chorus-node.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { NodeConditions } from '../status/node-conditions.ts';
import { NodeObserver } from '../status/node-observer.ts';
import { AttachedNode } from './attached-node.ts';
import { healthSource } from './health.ts';
import { moneySource } from './money.ts';
import { peersSource } from './peers.ts';
import { type StatusOptions, statusSource } from './status.ts';
import { tasksSource } from './tasks.ts';

export interface NodeAdminOptions extends StatusOptions {
  metrics: Metrics;
  /** Begins to end the process. */
  onShutdown: () => void;
}

export interface NodeAdmin {
  source: AdminSource;
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
    source: {
      version: options.version,
      events: observer.events,
      ...healthSource(attached, observer, options.machine),
      ...statusSource(attached, observer, options),
      ...tasksSource(attached, observer),
      ...moneySource(attached, observer),
      ...peersSource(attached),
      shutdown: onShutdown,
    },
    observe: (event) => observer.observe(event),
    attach: (node, conditions) => attached.attach(node, conditions),
  };
}
