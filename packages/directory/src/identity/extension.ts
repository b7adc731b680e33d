import { z } from 'zod';
import { type AgentRegistry, registryName } from '../registry/registry.ts';

/**
 * The A2A extension by which a card names its agent's identity on chain (ERC-8004). The identity names the card's
 * place in return: neither can be claimed by another.
 */
export const IDENTITY_EXTENSION = 'urn:chorus:a2a:erc8004-identity:v1';

const params = z.looseObject({
  agentRegistry: z.string().max(100),
  agentId: z.string().regex(/^\d{1,20}$/),
});

/** The extension for a card. */
export function identityExtension(registry: AgentRegistry, agentId: bigint) {
  return {
    uri: IDENTITY_EXTENSION,
    description: 'The identity of this agent on chain (ERC-8004)',
    params: { agentRegistry: registryName(registry), agentId: agentId.toString() },
  };
}

/** A card's capabilities, as far as they matter here. */
export interface CardCapabilities {
  capabilities?: { extensions?: readonly { uri: string; params?: unknown }[] } | undefined;
}

/** The identity in this registry that a card names; null if it names none. */
export function identityOfCard(card: CardCapabilities, registry: AgentRegistry): bigint | null {
  for (const { uri, params: given } of card.capabilities?.extensions ?? []) {
    if (uri !== IDENTITY_EXTENSION) continue;
    const read = params.safeParse(given);
    if (read.success && read.data.agentRegistry.toLowerCase() === registryName(registry)) {
      return BigInt(read.data.agentId);
    }
  }
  return null;
}
