import { AgentCard } from '@a2a-js/sdk';
import { ChorusError } from '@chorus/protocol';
import { identityOfPeerId } from '../identity/did-key.ts';
import { A2A_VERSION, LIBP2P_BINDING, peerUrl } from './binding.ts';

export interface SkillDescription {
  id: string;
  name?: string;
  description: string;
  tags: readonly string[];
  examples?: readonly string[];
  /** Media types, if they differ from the agent's. */
  inputModes?: readonly string[];
  outputModes?: readonly string[];
}

/** What an agent says of itself. */
export interface AgentDescription {
  name: string;
  description: string;
  version: string;
  skills: readonly SkillDescription[];
  /** Media types; text by default. */
  inputModes?: readonly string[];
  outputModes?: readonly string[];
  documentationUrl?: string;
  provider?: { organization: string; url: string };
  /** Extensions of A2A, such as how a call is paid. */
  extensions?: readonly {
    uri: string;
    description: string;
    required?: boolean;
    params?: Record<string, unknown>;
  }[];
}

/** Where an agent is served; at least one. Each is a base that {@link a2aApp} is mounted at. */
export interface AgentPlaces {
  /** `https://host/agents/7/`; `http` only for tests and local networks. */
  http?: string;
  libp2p?: { peerId: string; path: string };
}

/**
 * An A2A 1.0 card (section 4.4.1), unsigned. The libp2p interface is the last: clients that know only the standard
 * bindings take the others.
 * @throws ChorusError `E_A2A_CARD` if it is served nowhere, `E_A2A_KEY` for a peer id that is not of an Ed25519 key
 */
export function buildCard(agent: AgentDescription, places: AgentPlaces): AgentCard {
  const text = ['text/plain'];
  const supportedInterfaces = [...httpInterfaces(places.http), ...libp2pInterfaces(places.libp2p)];
  if (supportedInterfaces.length === 0) {
    throw new ChorusError('E_A2A_CARD', 'an agent that is served nowhere has no card', {
      facts: { name: agent.name },
      hint: 'give the base URL, or the peer id and path, that it is served at',
    });
  }
  return AgentCard.fromJSON({
    name: agent.name,
    description: agent.description,
    version: agent.version,
    supportedInterfaces,
    ...(agent.provider ? { provider: agent.provider } : {}),
    ...(agent.documentationUrl ? { documentationUrl: agent.documentationUrl } : {}),
    capabilities: { streaming: true, pushNotifications: true, extensions: agent.extensions ?? [] },
    defaultInputModes: agent.inputModes ?? text,
    defaultOutputModes: agent.outputModes ?? text,
    skills: agent.skills.map((skill) => ({ ...skill, name: skill.name ?? skill.id })),
  });
}

function httpInterfaces(base: string | undefined) {
  if (base === undefined) return [];
  const at = base.endsWith('/') ? base : `${base}/`;
  return [
    { url: `${at}a2a`, protocolBinding: 'JSONRPC', protocolVersion: A2A_VERSION },
    { url: `${at}rest`, protocolBinding: 'HTTP+JSON', protocolVersion: A2A_VERSION },
  ];
}

function libp2pInterfaces(place: AgentPlaces['libp2p']) {
  if (!place) return [];
  const base = place.path.endsWith('/') ? place.path : `${place.path}/`;
  const url = peerUrl(identityOfPeerId(place.peerId).host, `${base}a2a`);
  return [{ url, protocolBinding: LIBP2P_BINDING, protocolVersion: A2A_VERSION }];
}
