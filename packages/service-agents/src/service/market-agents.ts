import type { AgentIdentityDocument } from '@chorus/admin-api';
import type { CheckedAgent, MarketAgents, OwnOffers, PublicOffer } from '@chorus/market';
import type { Ports } from '@chorus/node';
import { type Address, ChorusError } from '@chorus/protocol';
import type { Listing, Listings } from '../directory/listings.ts';
import { amountOf, readableTokens } from '../payments/price.ts';
import { registryOf } from '../registration/registry-of.ts';
import type { KeptScores } from '../reputation/kept-scores.ts';
import type { AgentParts } from './agent-parts.ts';

/** Agents with offers that one list shows. */
const MOST_LISTED = 500;

export interface MarketAgentsOptions {
  ports: Ports;
  parts: Pick<AgentParts, 'slots' | 'identities' | 'network' | 'calls'>;
  listings: Listings;
  scores: KeptScores;
  /** Those that the node pays in. */
  tokens: readonly string[];
}

/** What the agents of this node give to a service that trades: see {@link MarketAgents}. */
export function marketAgents({ ports, parts, listings, scores, tokens }: MarketAgentsOptions): MarketAgents {
  const { chain } = ports;
  return {
    registry: () => registryOf(chain),
    own: () => ownOffers(parts),
    run: async function* (name, request, signal) {
      const served = parts.slots.get(name)?.served;
      if (served) {
        // The limits of the node hold for jobs too; one that may not be done now is done later.
        await served.unpaid.admit?.(true);
        yield* served.unpaid.execute(request, signal);
        return;
      }
      throw new ChorusError('E_AGENT_NOT_SERVED', 'the agent does not answer now', {
        facts: { agent: name },
        hint: 'chorus agent show says why it is not served',
      });
    },
    inspect: async (agentId) => checkedAgent(await parts.network.inspect(agentId)),
    listed: () =>
      listings
        .withOffers(Math.floor(Date.now() / 1_000), MOST_LISTED)
        .map(({ agentId, peerId, listing }) => ({
          ...{ agentId, peerId, title: listing.title },
          offers: (listing.offers ?? []).map(publicOffer),
        })),
    reputation: (agentId) => scores.of(agentId),
    tokens: () => readableTokens(tokens, chain),
    sum: (sum) => amountOf(sum, tokens, chain),
    call: async (agentId, message, { pay, requestId, signal }) => {
      const answer = { text: '', data: [] as unknown[], files: [] as CallFiles };
      // The price was shown, and agreed to.
      const options = { pay, requestId, approved: true, signal };
      for await (const event of parts.calls.call(agentId, message, options)) {
        if (event.type === 'text') answer.text += event.text;
        else if (event.type === 'data') answer.data.push(event.value);
        else if (event.type === 'file') answer.files.push(event.file);
        else if (event.type === 'rejected' || event.type === 'failed') throw unanswered(event.reason);
        else if (event.type === 'input-required') throw unanswered(`it asks back: ${event.question}`);
        else if (event.type === 'cancelled') throw unanswered('it cancelled the task');
      }
      return answer;
    },
  };
}

type CallFiles = Awaited<ReturnType<MarketAgents['call']>>['files'];

function ownOffers({ slots, identities }: Pick<AgentParts, 'slots' | 'identities'>): OwnOffers[] {
  return identities.announced().flatMap(({ name, agentId }) => {
    const served = slots.get(name)?.served;
    const offers = served?.agent.offers.offers ?? [];
    if (!served || offers.length === 0) return [];
    const { title, description, skills, share } = served.agent;
    return [{ name, agentId, title, description, skills, offers, isShared: share !== null }];
  });
}

function checkedAgent(found: AgentIdentityDocument): CheckedAgent {
  const broken = found.links.find(({ holds }) => holds !== true);
  return {
    ...{ title: found.title ?? '', description: found.description ?? '', skills: found.skills },
    proven: found.proven,
    broken: broken ? `${broken.name}: ${broken.says}` : null,
    ...{ peerId: found.peerId, wallet: found.wallet as Address | null },
    offers: found.offers.map((offer) => ({
      ...offer,
      price: offer.price && { token: offer.price.token as Address, units: BigInt(offer.price.units) },
    })),
    latencyMs: found.latencyMs ?? 0,
  };
}

const publicOffer = ({ price, ...offer }: NonNullable<Listing['offers']>[number]): PublicOffer => ({
  ...offer,
  price: price && { token: price.token as Address, units: BigInt(price.units) },
  ...{ input: null, deliverable: null },
});

const unanswered = (says: string): ChorusError =>
  new ChorusError('E_AGENT_HIRE', 'the agent that was asked could not do it', {
    facts: { says: says.slice(0, 300) },
    hint: 'ask another one',
  });
