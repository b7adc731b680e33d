import { MARKET_AGENTS, MARKET_JOBS } from '@chorus/market';
import type { Components, ServiceDefinition } from '@chorus/node';
import { offersApp } from './admin-areas/offers-app.ts';
import { OFFERS_SECTION, type OffersNodeConfig } from './config/offers-config.ts';
import { OFFERS_EVENTS } from './events/offers-catalogue.ts';
import type { OffersEvent } from './events/offers-events.ts';
import { OffersService } from './service/offers-service.ts';
import { OFFERS_MIGRATIONS } from './store/migrations.ts';

/** Offers as a service of a node. */
export type Offers = ServiceDefinition<
  'offers',
  typeof OFFERS_SECTION.schema,
  OffersService,
  OffersEvent,
  undefined
>;

/**
 * Standing offers and asks as a service of a node: its agents' offers are answered, done and delivered by themselves; its
 * owner asks the network, and orders. It needs the services of agents and of jobs.
 *
 * @example
 * const services = { agents: agents(), market: market(), offers: offers() };
 * const node = await createNode({ config, services });
 * await node.services.offers.ask({ text: 'a chart of the peg', budget: '2 CHOR', seconds: 600 });
 */
export function offers(): Offers {
  return {
    config: OFFERS_SECTION,
    migrations: OFFERS_MIGRATIONS,
    events: OFFERS_EVENTS,
    needs: [MARKET_AGENTS, MARKET_JOBS],
    create: (components: Components<OffersNodeConfig>) => new OffersService(components),
    admin: (running) => [offersApp(running)],
  };
}
