import { CARD_PATH, identityOfPeerId } from '@chorus/a2a/names';
import { registryName } from '@chorus/directory';
import type { Address } from '@chorus/protocol';

/** An agent that the gateway serves, for those who look for agents on the web. */
export interface PublishedAgent {
  agent: { description: string; version: string };
  /** Bases of its card; `http` is null if the gateway does not serve it. */
  urls: { http: string | null; libp2p: string };
  /** Its identity on chain; null if it has none. */
  identity: { chainId: number; registry: Address; agentId: bigint } | null;
}

/**
 * `/.well-known/ai-catalog.json` (AI Catalog 1.0): the agents of this node, each by its card. The node, not its domain,
 * is who publishes them: its key is the identifier.
 */
export function aiCatalog(peerId: string, agents: readonly PublishedAgent[]) {
  const { did } = identityOfPeerId(peerId);
  return {
    specVersion: '1.0',
    host: { displayName: `Chorus node ${peerId.slice(-8)}`, identifier: did },
    entries: agents.flatMap(({ agent, urls, identity }) => {
      if (urls.http === null) return [];
      return {
        identifier: identity
          ? `${registryName({ chainId: identity.chainId, address: identity.registry })}:${identity.agentId}`
          : urls.libp2p,
        type: 'application/a2a-agent-card+json',
        url: new URL(CARD_PATH, urls.http).href,
        description: agent.description,
        version: agent.version,
      };
    }),
  };
}

/**
 * `/.well-known/agent-registration.json` (ERC-8004, "Endpoint Domain Verification"): this domain stands behind these
 * identities.
 */
export function agentRegistration(agents: readonly PublishedAgent[]) {
  return {
    registrations: agents.flatMap(({ identity }) =>
      identity
        ? {
            agentId: Number(identity.agentId),
            agentRegistry: registryName({ chainId: identity.chainId, address: identity.registry }),
          }
        : [],
    ),
  };
}
