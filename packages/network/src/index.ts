/**
 * The network port over libp2p: strictly signed gossip whose handlers decide what is forwarded, and bounded requests
 * and responses, one per stream.
 *
 * @packageDocumentation
 */
export { type AddressUse, addressFault } from './addresses/address.ts';
export type { BandwidthLimits } from './bandwidth/bandwidth.ts';
export { generateNetworkKey, peerIdOfKey } from './core/key.ts';
export * from './core/limits.ts';
export { hostOfPeer } from './http/host-of-peer.ts';
export { createNetwork } from './node/create.ts';
export { LibP2pNetwork, type Services } from './node/network.ts';
export type { NetworkOptions } from './node/options.ts';
export type { NetworkEvent, NetworkStats, PeerStats, TopicStats } from './node/stats.ts';
export { type Ban, BLAME, type Offence } from './peers/peer-reputation.ts';
