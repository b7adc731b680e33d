/**
 * Standing offers and asks as a service of a node.
 *
 * @example
 * import { createNode } from '@chorus/node';
 * import { agents } from '@chorus/service-agents';
 * import { market } from '@chorus/service-market';
 * import { offers } from '@chorus/service-offers';
 *
 * const node = await createNode({ config, services: { agents: agents(), market: market(), offers: offers() } });
 *
 * @packageDocumentation
 */
export { OFFERS_SECTION, type OffersConfig, type OffersNodeConfig } from './config/offers-config.ts';
export { OFFERS_EVENTS } from './events/offers-catalogue.ts';
export type { OffersEvent } from './events/offers-events.ts';
export { type Offers, offers } from './offers.ts';
