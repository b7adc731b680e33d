import type { OfferDocument } from '@chorus/admin-api';
import type { PublicOffer } from '@chorus/market';
import { type KnownToken, priceText } from './price.ts';

/**
 * An offer as the admin API shows it.
 * @param tokens prices in these are shown in whole tokens
 */
export function offerDocument(
  { price, ...offer }: PublicOffer,
  tokens: readonly KnownToken[],
): OfferDocument {
  const { token, units } = price ?? {};
  return {
    ...offer,
    price:
      token === undefined || units === undefined
        ? null
        : { token, units: units.toString(), text: priceText({ token, units }, tokens) },
    input: offer.input as OfferDocument['input'],
    deliverable: offer.deliverable as OfferDocument['deliverable'],
  };
}
