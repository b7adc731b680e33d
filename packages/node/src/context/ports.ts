import type { ChainPort, NetworkPort, StoragePort } from '@chorus/protocol';

/** Where rules meet the outside world; the real ones are wired in index.ts, twins stand in for them in tests. */
export interface Ports {
  chain: ChainPort;
  network: NetworkPort;
  storage: StoragePort;
}
