/**
 * The network port over libp2p: strictly signed gossip whose handlers decide what is forwarded, and bounded requests
 * and responses, one per stream.
 *
 * @packageDocumentation
 */
export { type AddressUse, addressFault } from './address.ts';
export { createNetwork } from './create.ts';
export { hostOfPeer } from './http/client.ts';
export { generateNetworkKey, peerIdOfKey } from './key.ts';
export * from './limits.ts';
export { LibP2pNetwork, type Services } from './network.ts';
export type { NetworkOptions } from './options.ts';
export { type Ban, BLAME, type Offence } from './peer-book.ts';
export type { NetworkEvent, NetworkStats, PeerStats, TopicStats } from './stats.ts';
export type { TrafficLimits } from './traffic.ts';
