import { type Claimed, claimedBy, type Reputation, reputationOf } from '@chorus/directory';
import type { ChainPort } from '@chorus/protocol';
import type { KnownToken } from '../payments/price.ts';
import type { NamedPayment, RatedPayments } from './rated-payments.ts';

export type ReputationReads = Pick<ChainPort, 'chainId' | 'feedbackOn' | 'tillOf' | 'tillFeeBps'>;

/**
 * The reputation of an agent, from feedback on chain and the payments that it names. Only payments in one token count: there
 * is no rate between tokens that an owner of one of them could not set.
 * @param parts `lookups`: payments that are looked for now, each by two requests to the chain's endpoint; the rest are looked for next time
 * @throws ChorusError of the chain
 */
export async function readReputation(
  agentId: bigint,
  token: KnownToken,
  { chain, payments, lookups }: { chain: ReputationReads; payments: RatedPayments; lookups: number },
): Promise<Reputation> {
  const [all, payTo, feeBps] = await Promise.all([
    chain.feedbackOn(agentId),
    chain.tillOf(agentId),
    chain.tillFeeBps(),
  ]);
  const claims = all.map((feedback) => ({
    feedback,
    // Without tills no payment costs a fee.
    claim:
      payTo === null ? ('no payment named' as const) : claimedBy(feedback, { payTo, chainId: chain.chainId }),
  }));
  await lookUp(
    claims.flatMap(({ claim }) => (typeof claim === 'object' ? [nameOf(claim)] : [])),
    payments,
    lookups,
  );
  const judged = claims.map(({ feedback, claim }) => {
    const moved = typeof claim === 'object' ? payments.kept(nameOf(claim)) : null;
    const amount = moved?.amounts.find((each) => each.token === token.address)?.amount ?? 0n;
    return { feedback, claim, payment: moved ? { at: moved.at, amount } : null };
  });
  const now = Math.floor(Date.now() / 1_000);
  return reputationOf(judged, { feeBps, unit: 10n ** BigInt(token.decimals), now });
}

const nameOf = ({ proof: { transaction, from, to } }: Claimed): NamedPayment => ({ transaction, from, to });

/**
 * The latest first: they weigh the most. Those that were looked for in vain come after all others: who names payments that
 * there never were would have the rest wait for ever. One after the other, since an endpoint counts its requests.
 */
async function lookUp(named: NamedPayment[], payments: RatedPayments, most: number): Promise<void> {
  const unread = named.filter((each) => payments.kept(each) === undefined).reverse();
  const isVain = (each: NamedPayment) => payments.wasLookedFor(each);
  const inOrder = [...unread.filter((each) => !isVain(each)), ...unread.filter(isVain)];
  for (const each of inOrder.slice(0, most)) {
    if (payments.kept(each) === undefined) await payments.look(each);
  }
}
