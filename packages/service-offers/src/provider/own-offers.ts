import type { AgentRegistry } from '@chorus/directory';
import {
  type Answer,
  type Ask,
  fitOf,
  MAX_ANSWER_SECONDS,
  MAX_ANSWERS_PER_PEER,
  type OwnOffers,
  type PublicOffer,
  signAnswer,
} from '@chorus/market';

/** An offer of an agent of this node. */
export interface OwnOffer {
  agent: OwnOffers;
  offer: PublicOffer;
}

/** The offer of this node that an order names; null without one. */
export function findOffer(own: readonly OwnOffers[], agentId: bigint, offerId: string): OwnOffer | null {
  const agent = own.find((each) => each.agentId === agentId);
  const offer = agent?.offers.find(({ id }) => id === offerId);
  return agent && offer ? { agent, offer } : null;
}

/**
 * The offers of this node that fit an ask, the best fit first, then the cheapest: not those that have no place, cost
 * more, or take longer.
 */
export function fitting(
  ask: Ask,
  own: readonly OwnOffers[],
  places: (found: OwnOffer) => number,
): OwnOffer[] {
  return own
    .flatMap((agent) => agent.offers.map((offer) => ({ agent, offer, fit: fitOf(ask, { ...agent, offer }) })))
    .filter(({ fit, agent, offer }) => {
      const { kind, price, seconds } = offer;
      const pays = price === null || (price.token === ask.token && price.units <= ask.budget);
      const isKind = ask.kind === null || ask.kind === kind;
      return fit > 0 && pays && isKind && seconds <= ask.seconds && places({ agent, offer }) > 0;
    })
    .sort((a, b) => b.fit - a.fit || Number((a.offer.price?.units ?? 0n) - (b.offer.price?.units ?? 0n)))
    .slice(0, MAX_ANSWERS_PER_PEER);
}

/** Answer an ask with an offer: its price holds from now on for a while. */
export function answerWith(
  { agent, offer }: OwnOffer,
  ask: Ask,
  digest: Uint8Array,
  by: { registry: AgentRegistry; peer: string; seed: Uint8Array; now: number },
): Uint8Array {
  const answer: Answer = {
    ...{
      peer: by.peer,
      ask: digest,
      agentId: agent.agentId,
      name: agent.name,
      offer: offer.id,
      kind: offer.kind,
    },
    ...{ token: ask.token, units: offer.price?.units ?? 0n, seconds: offer.seconds },
    ...{ issuedAt: by.now, expiresAt: by.now + MAX_ANSWER_SECONDS },
  };
  return signAnswer(by.registry, answer, by.seed);
}
