import { PAYMENT_EXTENSION } from '@chorus/a2a/names';
import { ADDRESS_PATTERN, type Address } from '@chorus/protocol';
import { z } from 'zod';
import type { CardCapabilities } from './extension.ts';

/** What a call costs, as a card says. */
export interface CardPrice {
  /** Such as `0.02 CHOR`; the agent's own words. */
  text: string;
  /** In the token's smallest unit. */
  units: bigint;
  token: Address;
  /** `eip155:<chain id>` */
  network: string;
  payTo: Address;
}

const address = z
  .string()
  .regex(ADDRESS_PATTERN)
  .transform((text) => text.toLowerCase() as Address);

const params = z.looseObject({
  price: z.string().max(100),
  accepts: z
    .array(
      z.looseObject({
        network: z.string().max(60),
        amount: z.string().regex(/^\d{1,39}$/),
        asset: address,
        payTo: address,
      }),
    )
    .min(1)
    .max(16),
});

/** The price in a card; null if a call costs nothing, as far as the card says. */
export function priceOfCard(card: CardCapabilities): CardPrice | null {
  const found = card.capabilities?.extensions?.find(({ uri }) => uri === PAYMENT_EXTENSION);
  const read = params.safeParse(found?.params);
  if (!read.success) return null;
  const { network, amount, asset, payTo } = read.data.accepts[0]!;
  return { text: read.data.price, units: BigInt(amount), token: asset, network, payTo };
}
