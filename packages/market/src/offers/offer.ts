import { ADDRESS_PATTERN, type Address, isPlainLine, type ValueSchema, valueSchema } from '@chorus/protocol';
import { z } from 'zod';

/** The A2A extension by which a card says what its agent offers for a price that is known before. */
export const OFFERS_EXTENSION = 'urn:chorus:a2a:offers:v1';

/** Offers of one card; further ones are not read. */
export const MAX_OFFERS = 8;

/** Largest sum of money in a message: 39 digits hold 2^128. */
const UNITS = /^(0|[1-9]\d{0,38})$/;

/** What an agent does for which price, as its signed card says. */
export interface PublicOffer {
  id: string;
  name: string;
  description: string;
  /** A job with its price in escrow, or a call of the agent paid by x402. */
  kind: 'job' | 'call';
  /** Exact, in the token's smallest unit; null: it costs nothing, which only a call can. */
  price: { token: Address; units: bigint } | null;
  /** Promised time from the paid order to the deliverable, seconds. */
  seconds: number;
  /** Jobs of it that may be open at once. */
  open: number;
  /** Of what the client gives; null: a text. */
  input: ValueSchema | null;
  /** Of what is delivered; null: not checked. */
  deliverable: ValueSchema | null;
}

const line = (most: number) => z.string().min(1).max(most).refine(isPlainLine);

export const unitsSchema = z.string().regex(UNITS).transform(BigInt);
export const tokenSchema = z
  .string()
  .regex(ADDRESS_PATTERN)
  .transform((text) => text.toLowerCase() as Address);
export const offerIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/);
export const promisedSeconds = z
  .number()
  .int()
  .min(1)
  .max(30 * 86_400);

const offerSchema = z
  .object({
    id: offerIdSchema,
    name: line(80),
    description: line(500),
    kind: z.enum(['job', 'call']),
    price: z.object({ token: tokenSchema, units: unitsSchema }).nullable(),
    seconds: promisedSeconds,
    open: z.number().int().min(1).max(64),
    input: valueSchema.nullable(),
    deliverable: valueSchema.nullable(),
  })
  .refine(({ kind, price }) => kind === 'call' || (price !== null && price.units > 0n));

const params = z.object({ offers: z.array(z.unknown()).max(64) });

/** The extension for a card. */
export function offersExtension(offers: readonly PublicOffer[]) {
  return {
    uri: OFFERS_EXTENSION,
    description: 'What this agent does for a price that is known before, as jobs in escrow or as calls',
    params: {
      offers: offers.map(({ price, ...offer }) => ({
        ...offer,
        price: price && { token: price.token, units: price.units.toString() },
      })),
    },
  };
}

/** Offers of a card of a stranger: those that can be read, each id once, at most {@link MAX_OFFERS}. */
export function offersOfCard(card: {
  capabilities?: { extensions?: readonly { uri: string; params?: unknown }[] } | undefined;
}): PublicOffer[] {
  const found = card.capabilities?.extensions?.find(({ uri }) => uri === OFFERS_EXTENSION);
  const read = params.safeParse(found?.params);
  const offers = new Map<string, PublicOffer>();
  for (const given of read.success ? read.data.offers : []) {
    const offer = offerSchema.safeParse(given);
    if (offer.success && !offers.has(offer.data.id)) offers.set(offer.data.id, offer.data);
    if (offers.size === MAX_OFFERS) break;
  }
  return [...offers.values()];
}
