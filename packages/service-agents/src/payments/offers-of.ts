import type { OfferDocument } from '@chorus/admin-api';
import type { AgentOffer } from '@chorus/agent';
import type { PublicOffer } from '@chorus/market';
import type { ChainPort } from '@chorus/protocol';
import { offerDocument } from './offer-document.ts';
import { amountOf } from './price.ts';

/** An agent's offers, for its card and for its owner. */
export interface PricedOffers {
  offers: readonly PublicOffer[];
  documents: readonly OfferDocument[];
}

/**
 * The offers of an agent file, with exact prices.
 * @param tokens of the configuration
 * @throws ChorusError `E_AGENT_PRICE` for a token that is not one of them; of the chain
 */
export async function offersOf(
  offers: readonly AgentOffer[],
  tokens: readonly string[],
  chain: Pick<ChainPort, 'decimals' | 'symbol'>,
): Promise<PricedOffers> {
  const priced = await Promise.all(
    offers.map(async ({ price, ...offer }) => {
      if (price === null) return { offer: { ...offer, price }, known: [] };
      const { token, units } = await amountOf(price, tokens, chain);
      return { offer: { ...offer, price: { token: token.address, units } }, known: [token] };
    }),
  );
  return {
    offers: priced.map(({ offer }) => offer),
    documents: priced.map(({ offer, known }) => offerDocument(offer, known)),
  };
}
