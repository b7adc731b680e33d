import { identityOfPeerId, peerUrl } from '@chorus/a2a/names';
import type { AgentIdentityDocument } from '@chorus/admin-api';
import {
  type AgentRegistry,
  type Found,
  identityLinks,
  isProven,
  MAX_REGISTRATION_BYTES,
  priceOfCard,
  type RegistrationFile,
  readPlace,
  readRegistrationFile,
  readRegistrationUri,
} from '@chorus/directory';
import { offersOfCard } from '@chorus/market';
import type { Ports } from '@chorus/node';
import { type Address, explain, plainLine, type RegisteredAgent } from '@chorus/protocol';
import { offerDocument } from '../payments/offer-document.ts';
import { priceText, readableTokens } from '../payments/price.ts';
import { termsDocument } from '../revenue/terms.ts';
import { pathOf } from '../serve/agent-path.ts';
import { askForCard, type PeerCard } from './check-agent.ts';

/** Longest search for a registration file, ms. */
const FILE_MILLISECONDS = 20_000;

export interface InspectOptions {
  ports: Ports;
  registry: AgentRegistry;
  /** The card of an agent of this node, which cannot call itself; null for another node's. */
  ownCard: (name: string) => Uint8Array | null;
  /** Where its peer is, as far as that was announced: multiaddrs. */
  addresses: readonly string[];
  /** Prices in these are shown in whole tokens. */
  tokens: readonly string[];
  signal: AbortSignal;
}

/** Letters and skills that are shown of a stranger's card. */
const LONGEST = { title: 200, description: 2_000 };
const MOST_SKILLS = 32;
const MOST_TAGS = 16;

/** Look up every link from an agent's identity on chain to the peer that answers for it. */
export async function inspectAgent(agentId: bigint, options: InspectOptions): Promise<AgentIdentityDocument> {
  const { ports, registry } = options;
  const registered = await ports.chain.registeredAgent(agentId);
  const [file, card, till] = await Promise.all([
    readFile(registered, options),
    readCard(registered, options),
    ports.chain.tillOf(agentId),
  ]);
  const answer = 'value' in card ? card.value : null;
  const price = answer === null ? null : priceOfCard(answer.card);
  const tokens = await readableTokens(options.tokens, ports.chain);
  const links = identityLinks({
    ...{ registry, agentId, registered, till, file, card },
    ...(price && price !== 'unclear' ? { priceText: priceText(price, tokens) } : {}),
  });
  const place = registered?.place == null ? null : readPlace(registered.place);
  return {
    agentId: agentId.toString(),
    registry: { chainId: registry.chainId, address: registry.address },
    owner: registered?.owner ?? null,
    wallet: registered?.wallet ?? null,
    uri: registered ? plainLine(registered.uri).slice(0, 300) : null,
    peerId: place?.peerId ?? null,
    addresses: [...options.addresses],
    title: answer ? plainLine(answer.card.name).slice(0, LONGEST.title) : null,
    description: answer ? plainLine(answer.card.description).slice(0, LONGEST.description) : null,
    skills: (answer?.card.skills ?? []).slice(0, MOST_SKILLS).map(({ id, description, tags }) => ({
      id: plainLine(id).slice(0, LONGEST.title),
      description: plainLine(description).slice(0, LONGEST.description),
      tags: tags.slice(0, MOST_TAGS).map((tag) => plainLine(tag).slice(0, LONGEST.title)),
    })),
    offers: answer === null ? [] : offersOfCard(answer.card).map((offer) => offerDocument(offer, tokens)),
    latencyMs: answer === null ? null : Math.round(answer.milliseconds),
    url: place ? urlOf(place) : null,
    proven: isProven(links),
    till: isPaidByTill(price, till) ? termsDocument((await ports.chain.till(agentId)).terms) : null,
    links: links.map(({ name, holds, says }) => ({ name, holds, says: plainLine(says).slice(0, 500) })),
  };
}

/** Whether a card asks for payments to the till. */
function isPaidByTill(price: ReturnType<typeof priceOfCard>, till: Address | null): boolean {
  return price !== null && price !== 'unclear' && till !== null && price.payTo === till;
}

function urlOf({ peerId, name }: { peerId: string; name: string }): string {
  return peerUrl(identityOfPeerId(peerId).host, pathOf(name));
}

async function readFile(
  registered: RegisteredAgent | null,
  { ports, signal }: InspectOptions,
): Promise<Found<RegistrationFile>> {
  if (!registered) return { missing: 'not checked' };
  if (registered.uri === '') return { missing: 'no registration file is named on chain' };
  return attempt(async () => {
    const source = readRegistrationUri(registered.uri);
    if (source.kind === 'data') return readRegistrationFile(source.bytes);
    const place = registered.place === null ? null : readPlace(registered.place);
    const bytes = await ports.storage.get(source.cid, {
      maxBytes: MAX_REGISTRATION_BYTES,
      timeoutMs: FILE_MILLISECONDS,
      from: place ? [place.peerId] : [],
      signal,
    });
    return readRegistrationFile(bytes);
  });
}

async function readCard(
  registered: RegisteredAgent | null,
  options: InspectOptions,
): Promise<Found<Omit<PeerCard, 'bytes'>>> {
  const { ports, ownCard, signal } = options;
  const place = registered?.place == null ? null : readPlace(registered.place);
  if (!registered || !place) return { missing: 'not checked' };
  return attempt(async () => {
    if (place.peerId !== ports.network.peerId) {
      await ports.network.learn(place.peerId, [...options.addresses]);
      return askForCard(ports.network, place.peerId, place.name, signal);
    }
    const own = ownCard(place.name);
    if (!own) throw new Error('this node does not serve it now');
    const { verifyCard } = await import('@chorus/a2a');
    return { ...(await verifyCard(own)), milliseconds: 0 };
  });
}

async function attempt<T>(read: () => Promise<T>): Promise<Found<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    const { code, message } = explain(error);
    return { missing: code === 'E_UNEXPECTED' ? message : `${message} (${code})` };
  }
}
