import { ChorusError } from '@chorus/protocol';
import { channelOf, decodeRequired, exactOf, type Requirements } from '../wire/headers.ts';

/** Entries of a seller's card that are read. */
const MOST = 16;

/**
 * Whether a seller asks for no more than it has promised elsewhere, such as in its signed card, and for no other account:
 * a stranger on the way could put its own account into an answer 402.
 * @param required the header of the answer 402
 * @param promised what the seller accepts, as it has signed it
 * @throws ChorusError `E_PAYMENT_OFFER`
 */
export function checkOffer(required: string, promised: readonly unknown[]): void {
  const known = promised.slice(0, MOST).flatMap((entry) => termsOf(entry as Requirements) ?? []);
  const asked = decodeRequired(required).accepts.flatMap((entry) => termsOf(entry) ?? []);
  const kept = asked.every(({ scheme, network, asset, payTo, claims, amount }) =>
    known.some(
      (entry) =>
        entry.scheme === scheme &&
        entry.network === network &&
        entry.asset === asset &&
        entry.payTo === payTo &&
        entry.claims === claims &&
        amount <= entry.amount,
    ),
  );
  if (kept) return;
  const { payTo, amount } = asked[0]!;
  throw new ChorusError('E_PAYMENT_OFFER', 'the agent asks for another payment than its card says', {
    facts: { payTo, amount },
    hint: 'do not pay it: ask its owner what a call costs',
  });
}

/** What of an entry has to be as promised: by a transfer, or by a channel, which someone claims. */
function termsOf(entry: Requirements) {
  const { scheme, network, asset, payTo, amount } = exactOf(entry) ?? channelOf(entry) ?? {};
  if (scheme === undefined || network === undefined || amount === undefined) return null;
  return {
    scheme,
    network,
    asset,
    payTo,
    amount,
    claims: channelOf(entry)?.extra.receiverAuthorizer ?? null,
  };
}
