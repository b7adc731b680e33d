import type { ChainPort, NetworkPort, StoragePort } from '@chorus/protocol';

/**
 * Interfaces between the rules and the outside world; lifecycle/create-node.ts wires the real implementations, and tests use
 * in-memory ones.
 */
export interface Ports {
  chain: ChainPort;
  network: NetworkPort;
  storage: StoragePort;
}
