/**
 * The storage port over IPFS: blocks held in this process and exchanged by bitswap on the node's own libp2p
 * connections, and a Kubo daemon. Both cut files in the same way, so that a file has one CID everywhere.
 *
 * @packageDocumentation
 */
export type { CollectOptions, CollectResult, DiskLimit } from './blockstore/gc.ts';
export { openOfflineStorage } from './blockstore/local-only-storage.ts';
export { createHeliaStorage, type HeliaStorage, type HeliaStorageOptions } from './helia/helia.ts';
export { createKuboStorage, type KuboStorageOptions } from './kubo/kubo.ts';
export { laterStorage } from './kubo/later.ts';
export { withDaemon } from './kubo/with-daemon.ts';
export { cidOfBytes } from './unixfs/chunker.ts';
