import { z } from 'zod';
import type { AgentRegistry } from '../beacon/beacon.ts';

/**
 * The A2A extension by which a card names its agent's identity on chain (ERC-8004). The identity names the card's
 * place in return: neither can be claimed by another.
 */
export const IDENTITY_EXTENSION = 'urn:chorus:a2a:erc8004-identity:v1';

/** The registry as CAIP-10 and ERC-8004 write it: `eip155:<chain id>:<address>`. */
export const registryName = ({ chainId, address }: AgentRegistry): string =>
  `eip155:${chainId}:${address.toLowerCase()}`;

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
interface CardCapabilities {
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

/** Where a node serves an agent, as the registry keeps it: `<peer id>/agents/<name>/`. */
export const placeOf = (peerId: string, name: string): string => `${peerId}/agents/${name}/`;

/** A place in its parts; null for other text. */
export function readPlace(place: string): { peerId: string; name: string } | null {
  const match = /^([1-9A-HJ-NP-Za-km-z]{1,64})\/agents\/([a-z0-9-]{1,40})\/$/.exec(place);
  return match ? { peerId: match[1]!, name: match[2]! } : null;
}
