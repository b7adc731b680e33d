import { PAYMENT_EXTENSION } from '@chorus/a2a/names';
import { ADDRESS_PATTERN, type Address } from '@chorus/protocol';
import { z } from 'zod';
import type { CardCapabilities } from './extension.ts';

/** What a call costs, as a card says. */
export interface CardPrice {
  /** In the token's smallest unit: the most of what it may ask for in this token. */
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

/**
 * The price in a card; null if a call costs nothing, as far as the card says, and `unclear` if it names a price that cannot
 * be read, or several accounts: the agent may ask for any of what it accepts. The card's own words for the price are not
 * read: they may say less.
 */
export function priceOfCard(card: CardCapabilities): CardPrice | 'unclear' | null {
  const found = card.capabilities?.extensions?.filter(({ uri }) => uri === PAYMENT_EXTENSION) ?? [];
  if (found.length === 0) return null;
  const read = params.safeParse(found[0]!.params);
  if (found.length > 1 || !read.success) return 'unclear';
  const { accepts } = read.data;
  const { network, asset, payTo } = accepts[0]!;
  if (accepts.some((each) => each.payTo !== payTo || each.network !== network)) return 'unclear';
  let units = 0n;
  for (const each of accepts) {
    if (each.asset === asset && BigInt(each.amount) > units) units = BigInt(each.amount);
  }
  return { units, token: asset, network, payTo };
}
