export { MARKET_SECTION, type MarketConfig, type MarketNodeConfig } from './market-config.ts';
