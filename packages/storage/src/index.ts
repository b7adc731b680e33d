/**
 * The storage port over IPFS: blocks held in this process and exchanged by bitswap on the node's own libp2p
 * connections, and a Kubo daemon. Both cut files in the same way, so that a file has one CID everywhere.
 *
 * @packageDocumentation
 */
export type { CollectOptions, CollectResult, DiskLimit } from './garbage.ts';
export { createHeliaStorage, type HeliaStorage, type HeliaStorageOptions } from './helia.ts';
export { createKuboStorage, type KuboStorageOptions } from './kubo.ts';
export { laterStorage } from './later.ts';
export { cidOfBytes } from './layout.ts';
export { openOfflineStorage } from './offline.ts';
export { withDaemon } from './with-daemon.ts';
