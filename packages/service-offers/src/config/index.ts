export { OFFERS_SECTION, type OffersConfig, type OffersNodeConfig } from './offers-config.ts';
