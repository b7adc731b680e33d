import { createHash } from 'node:crypto';
import { CARD_PATH, identityOfPeerId, peerUrl } from '@chorus/a2a/names';
import {
  type AgentRegistry,
  type Beacon,
  identityOfCard,
  isConfirmed,
  placeOf,
  priceOfCard,
} from '@chorus/directory';
import { offersOfCard } from '@chorus/market';
import type { Ports } from '@chorus/node';
import { type Address, type ChainPort, ChorusError, plainLine, type RegisteredAgent } from '@chorus/protocol';
import { pathOf } from '../serve/agent-path.ts';
import type { Listing } from './listings.ts';

/** Longest wait for a card, ms: the peer may have to be found first. */
const CARD_MILLISECONDS = 15_000;

/** Letters that are kept of a text of a stranger's card, so that one agent takes no more room than another. */
const LONGEST = { title: 200, description: 2_000, skill: 300, tag: 40 };
const MOST = { skills: 32, tags: 16 };

/** A card that a peer gave over a connection that proves its key. */
export interface PeerCard {
  bytes: Uint8Array;
  card: Awaited<ReturnType<typeof import('@chorus/a2a').verifyCard>>['card'];
  signer: { did: string; peerId: string };
  milliseconds: number;
}

/**
 * Ask a peer for the card of one of its agents, and check its signature.
 * @throws ChorusError `E_A2A_CARD`, `E_A2A_CARD_SIGNATURE`, `E_NETWORK_*`
 */
export async function askForCard(
  network: Pick<Ports['network'], 'fetch'>,
  peerId: string,
  name: string,
  signal: AbortSignal,
): Promise<PeerCard> {
  // Loaded with the first agent that is heard of.
  const { MAX_CARD_BYTES, verifyCard } = await import('@chorus/a2a');
  const url = new URL(pathOf(name) + CARD_PATH, `http://${identityOfPeerId(peerId).host}`);
  const began = performance.now();
  const response = await network.fetch(peerId, new Request(url, { redirect: 'manual' }), {
    timeoutMs: CARD_MILLISECONDS,
    maxResponseBytes: MAX_CARD_BYTES,
    signal,
  });
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => undefined);
    throw new ChorusError('E_A2A_CARD', 'the peer has no card of the agent', {
      facts: { peer: peerId, agent: name, status: response.status },
    });
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  const milliseconds = performance.now() - began;
  const { card, signer } = await verifyCard(bytes);
  if (signer.peerId !== peerId) {
    throw new ChorusError('E_A2A_CARD_SIGNATURE', 'the card at this peer is signed by another one', {
      facts: { peer: peerId, signer: signer.peerId },
    });
  }
  return { bytes, card, signer, milliseconds };
}

/**
 * Check an agent that a beacon announces: the registry says that this peer serves it, and its card, given by that
 * peer, is the announced one and names the identity in return.
 * @throws ChorusError `E_AGENT_IDENTITY`, `E_AGENT_BEACON`, and those of {@link askForCard} and the chain
 */
export async function checkAgent(
  {
    chain,
    network,
  }: {
    chain: Pick<ChainPort, 'registeredAgent' | 'tillOf'>;
    network: Pick<Ports['network'], 'fetch' | 'learn'>;
  },
  registry: AgentRegistry,
  beacon: Beacon,
  signal: AbortSignal,
): Promise<Listing> {
  const { agentId, peerId, name, addresses } = beacon;
  const registered = await chain.registeredAgent(agentId);
  if (registered?.place !== placeOf(peerId, name)) {
    throw doubt('its identity on chain names another place', { agentId, peer: peerId });
  }
  if (!isConfirmed(registered)) {
    throw doubt('its identity has changed hands, and names no wallet since', { agentId, peer: peerId });
  }
  await network.learn(peerId, addresses);
  const given = await askForCard(network, peerId, name, signal);
  const till = await tillIfPaid(given.card, registered, chain);
  return listingOf(registry, beacon, { ...registered, till }, given);
}

/** The till of an agent that asks for payments to another account than its wallet; the chain is not asked for others. */
export async function tillIfPaid(
  card: PeerCard['card'],
  { agentId, wallet }: RegisteredAgent,
  chain: Pick<ChainPort, 'tillOf'>,
): Promise<Address | null> {
  const price = priceOfCard(card);
  if (!price || price === 'unclear' || price.payTo === wallet) return null;
  return chain.tillOf(agentId);
}

/**
 * What a checked card says, for the directory.
 * @throws ChorusError `E_AGENT_IDENTITY`; `E_AGENT_BEACON` if it is not the card that was announced
 */
export function listingOf(
  registry: AgentRegistry,
  { agentId, peerId, name, cardDigest, addresses }: Beacon,
  { owner, wallet, till }: RegisteredAgent & { till: Address | null },
  { bytes, card, milliseconds }: Pick<PeerCard, 'bytes' | 'card' | 'milliseconds'>,
): Listing {
  const digest = createHash('sha256').update(bytes).digest();
  if (!digest.equals(cardDigest)) {
    throw new ChorusError('E_AGENT_BEACON', 'the agent has another card than was announced', {
      facts: { agentId, peer: peerId },
    });
  }
  if (identityOfCard(card, registry) !== agentId) {
    throw doubt('its card does not name this identity', { agentId, peer: peerId });
  }
  const price = priceOfCard(card);
  if (price === 'unclear') {
    throw doubt('its card does not say clearly what a call costs', { agentId, peer: peerId });
  }
  const isPayee = price && (price.payTo === wallet || price.payTo === till);
  if (price && (!isPayee || price.network !== `eip155:${registry.chainId}`)) {
    throw doubt('it asks for payments to neither the wallet nor the till of its identity', {
      agentId,
      peer: peerId,
    });
  }
  const words = (text: string, most: number) => plainLine(text).slice(0, most);
  return {
    title: words(card.name, LONGEST.title),
    description: words(card.description, LONGEST.description),
    version: words(card.version, LONGEST.tag),
    skills: card.skills.slice(0, MOST.skills).map((skill) => ({
      id: words(skill.id, LONGEST.tag),
      name: words(skill.name, LONGEST.title),
      description: words(skill.description, LONGEST.skill),
      tags: skill.tags.slice(0, MOST.tags).map((tag) => words(tag, LONGEST.tag)),
    })),
    owner,
    wallet,
    price: price && { units: price.units.toString(), token: price.token },
    offers: offersOfCard(card).map(({ input: _, deliverable: __, price: ofOffer, ...offer }) => ({
      ...offer,
      price: ofOffer && { units: ofOffer.units.toString(), token: ofOffer.token },
    })),
    url: peerUrl(identityOfPeerId(peerId).host, pathOf(name)),
    addresses,
    card: digest.toString('hex'),
    latencyMs: Math.round(milliseconds),
  };
}

function doubt(why: string, facts: { agentId: bigint; peer: string }): ChorusError {
  return new ChorusError('E_AGENT_IDENTITY', `this is not the agent that it says it is: ${why}`, { facts });
}
