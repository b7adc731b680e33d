import type { Notice, Warning } from '@chorus/admin-api';
import { pause } from '@chorus/utils';
import type { EventSink } from '../events/events.ts';
import type { ResourceBudget } from '../resources/resource-budget.ts';
import type { Ports } from '../service/ports.ts';
import { ChainWatch, lagSeconds } from './chain-watch.ts';
import { ConditionWatch } from './condition-watch.ts';
import { conditions } from './conditions.ts';

/** Longest time that a status request waits for a slow chain. */
const PATIENCE_MILLISECONDS = 1_500;

/** A running node, as far as its conditions and its API look at it. */
export interface ObservedNode {
  readonly ports: Ports;
  readonly resources: ResourceBudget;
}

/** Conditions that obstruct a running node: checked periodically for its log, and on request. */
export class NodeConditions {
  readonly chain: ChainWatch;
  readonly #node: ObservedNode;
  readonly #watch: ConditionWatch;
  readonly #startedAt = Date.now();

  constructor(node: ObservedNode, emit: EventSink) {
    this.#node = node;
    this.chain = new ChainWatch(node.ports.chain);
    this.#watch = new ConditionWatch(emit, () => this.#notices());
  }

  start(): void {
    this.#watch.start();
  }

  close(): void {
    this.#watch.close();
  }

  /** The current conditions with their beginning; the previous ones if the check takes long. */
  async warnings(): Promise<Warning[]> {
    const stop = new AbortController();
    await Promise.race([this.#watch.look(), pause(PATIENCE_MILLISECONDS, stop.signal)]);
    stop.abort();
    const lastAt = new Date().toISOString();
    return this.#watch.current().map(({ since, ...notice }) => ({
      ...notice,
      count: 1,
      firstAt: new Date(since).toISOString(),
      lastAt,
    }));
  }

  async #notices(): Promise<Notice[]> {
    const { ports, resources } = this.#node;
    const view = await this.chain.settled();
    return conditions({
      uptimeSeconds: (Date.now() - this.#startedAt) / 1000,
      chainId: ports.chain.chainId,
      wallet: ports.chain.account,
      chain: view,
      lagSeconds: lagSeconds(view),
      limitedUntil: ports.chain.requests?.().pausedUntil ?? null,
      peers: ports.network.peers().length,
      diskFreeBytes: resources.disk.freeBytes,
    });
  }
}
