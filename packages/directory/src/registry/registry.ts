import type { Address } from '@chorus/protocol';

/** Where the network's agents are registered. */
export interface AgentRegistry {
  chainId: number;
  /** The ERC-8004 identity registry. */
  address: Address;
}

/** The registry as CAIP-10 and ERC-8004 write it: `eip155:<chain id>:<address>`. */
export const registryName = ({ chainId, address }: AgentRegistry): string =>
  `eip155:${chainId}:${address.toLowerCase()}`;
