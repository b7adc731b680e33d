import { pause } from '@chorus/utils';
import type { Warning } from '../admin/schema/status.ts';
import type { Notice } from '../admin/schema/values.ts';
import type { EventSink } from '../events/events.ts';
import type { ChorusNode } from '../lifecycle/chorus-node.ts';
import { ChainWatch, lagSeconds } from './chain-watch.ts';
import { ConditionWatch } from './condition-watch.ts';
import { conditions } from './conditions.ts';

/** Whoever asks for the status waits no longer for a chain that is slow. */
const PATIENCE_MILLISECONDS = 1_500;

/** What stands in the way of a node that runs: looked at every so often for its log, and whenever somebody asks. */
export class NodeConditions {
  readonly chain: ChainWatch;
  readonly #node: ChorusNode;
  readonly #watch: ConditionWatch;
  readonly #startedAt = Date.now();

  constructor(node: ChorusNode, emit: EventSink) {
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

  /** What holds now, with since when; what held before where that takes long to find out. */
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
