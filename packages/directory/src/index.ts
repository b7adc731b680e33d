/**
 * Who an agent is, and how it is found: beacons, registration files (ERC-8004), the links from an identity on chain to
 * the peer that answers, and the order in which agents are shown. No I/O: what was read is passed in.
 *
 * @packageDocumentation
 */
export * from './beacon/beacon.ts';
export * from './beacon/exchange.ts';
export * from './identity/extension.ts';
export * from './identity/links.ts';
export * from './identity/price.ts';
export * from './ranking/rank.ts';
export * from './registration/file.ts';
export * from './registration/uri.ts';
export * from './registry/place.ts';
export * from './registry/registry.ts';
export * from './reputation/feedback-file.ts';
export * from './reputation/reputation.ts';
export * from './signed/envelope.ts';
