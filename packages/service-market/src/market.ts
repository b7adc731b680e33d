import { MARKET_JOBS } from '@chorus/market';
import type { Components, ServiceDefinition } from '@chorus/node';
import { marketApp } from './admin-areas/market-app.ts';
import { MARKET_SECTION, type MarketNodeConfig } from './config/market-config.ts';
import { MARKET_EVENTS } from './events/market-catalogue.ts';
import type { MarketEvent } from './events/market-events.ts';
import { MarketService } from './service/market-service.ts';
import { MARKET_MIGRATIONS } from './store/market-records.ts';

/** Jobs as a service of a node. */
export type Market = ServiceDefinition<
  'market',
  typeof MARKET_SECTION.schema,
  MarketService,
  MarketEvent,
  undefined
>;

/**
 * Jobs as a service of a node: the owner offers, takes, disputes and judges them by the admin API; the node keeps the
 * files, and sends what is due.
 *
 * @example
 * const node = await createNode({ config, services: { market: market() } });
 * await node.services.market.jobs.list();
 */
export function market(): Market {
  return {
    config: MARKET_SECTION,
    migrations: MARKET_MIGRATIONS,
    events: MARKET_EVENTS,
    provides: [MARKET_JOBS],
    create: (components: Components<MarketNodeConfig>) => new MarketService(components),
    admin: (running) => [marketApp(running)],
  };
}
