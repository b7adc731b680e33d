import type { Readiness } from '@chorus/admin-api';
import type { HealthSource } from '../admin/host-areas/health.ts';
import type { EventHub } from '../events/event-hub.ts';
import type { PrometheusMeter } from '../metrics/meter.ts';
import type { Service } from '../service/service.ts';
import type { HostInfo } from '../status/host-info.ts';
import type { AttachedNode } from './attached-node.ts';

/** The store is reported unhealthy for this long after a failure to write it. */
const STORE_TROUBLE_MILLISECONDS = 60_000;

/** Largest delay of the event loop before the node is reported unhealthy: beyond, peers are not answered in time. */
const MAX_LAG_MILLISECONDS = 2_000;

export interface HealthParts {
  attached: AttachedNode;
  hub: EventHub;
  machine: HostInfo;
  meter: PrometheusMeter;
  services: () => readonly Service[];
}

/** Health checks and metrics. */
export function healthSource({ attached, hub, machine, meter, services }: HealthParts): HealthSource {
  return {
    async ready(): Promise<Readiness> {
      const chain = await attached.current?.conditions.chain.view();
      const own = await Promise.all(services().map((service) => service.health?.() ?? {}));
      const checks: Record<string, boolean> = Object.assign({}, ...own, {
        started: attached.phase === 'ready',
        chain: chain?.reachable ?? false,
        store: Date.now() - hub.warnings.lastOf('E_STORE_') > STORE_TROUBLE_MILLISECONDS,
        loop: machine.lagMs < MAX_LAG_MILLISECONDS,
      });
      return { status: Object.values(checks).every(Boolean) ? 'ok' : 'unavailable', checks };
    },

    async metrics() {
      attached.running();
      return { contentType: meter.contentType, text: await meter.text() };
    },
  };
}
