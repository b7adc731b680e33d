import type { AgentRegistry } from '@chorus/directory';
import type { ChainPort } from '@chorus/protocol';

/** The registry in which the agents of a network are registered. */
export const registryOf = async (
  chain: Pick<ChainPort, 'chainId' | 'identityRegistry'>,
): Promise<AgentRegistry> => ({ chainId: chain.chainId, address: await chain.identityRegistry() });
