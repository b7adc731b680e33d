import type { AdminSource } from '../admin/source.ts';
import type { HostInfo } from '../status/host-info.ts';
import { metricValues } from '../status/metric-values.ts';
import type { NodeObserver } from '../status/node-observer.ts';
import type { AttachedNode } from './attached-node.ts';

/** The store is reported unhealthy for this long after a failure to write it. */
const STORE_TROUBLE_MILLISECONDS = 60_000;

/** Largest delay of the event loop before the node is reported unhealthy: beyond, peers are not answered in time. */
const MAX_LAG_MILLISECONDS = 2_000;

/** Health checks and metrics. */
export function healthSource(
  attached: AttachedNode,
  { warnings, metrics }: NodeObserver,
  machine: HostInfo,
): Pick<AdminSource, 'ready' | 'metrics'> {
  return {
    async ready() {
      const chain = await attached.current?.conditions.chain.view();
      const checks = {
        started: attached.phase === 'ready',
        chain: chain?.reachable ?? false,
        store: Date.now() - warnings.lastOf('E_STORE_') > STORE_TROUBLE_MILLISECONDS,
        loop: machine.lagMs < MAX_LAG_MILLISECONDS,
      };
      return { status: Object.values(checks).every(Boolean) ? 'ok' : 'unavailable', checks };
    },

    async metrics() {
      const { node, conditions, money } = attached.running();
      const [head, details, claimable] = await Promise.all([
        conditions.chain.view(),
        attached.network()?.stats() ?? null,
        money.claimable().catch(() => []),
      ]);
      const values = await metricValues({ node, head, details, staked: money.staked(), claimable });
      return { contentType: metrics.contentType, text: await metrics.text(values) };
    },
  };
}
