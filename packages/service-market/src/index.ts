/**
 * Jobs with their budget in escrow, as a service of a node.
 *
 * @example
 * import { createNode } from '@chorus/node';
 * import { market } from '@chorus/service-market';
 *
 * const node = await createNode({ config, services: { market: market() } });
 *
 * @packageDocumentation
 */
export { MARKET_SECTION, type MarketConfig, type MarketNodeConfig } from './config/market-config.ts';
export { MARKET_EVENTS } from './events/market-catalogue.ts';
export type { MarketEvent } from './events/market-events.ts';
export { type Market, market } from './market.ts';
