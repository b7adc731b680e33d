import { type SignedTransfer, TRANSFER_TYPES } from '@chorus/protocol';
import { verifyTypedData } from 'ethers';
import { exactOf, networkOf, type Payment } from '../wire/headers.ts';
import type { Offer } from './offer.ts';

/** Least time that a payment must still last, seconds: it is sent, and mined, within it. */
const LEAST_SECONDS = 30n;
/** The most: a signature that lasts for years could be used long after everyone has forgotten it. */
const MOST_SECONDS = 3_600n;

/**
 * Check a payment against an offer, without the chain: everything that is signed, and the signature.
 * @param now unix seconds, of the chain's clock
 * @returns the transfer to be made; a text that says why it does not pay for this
 */
export function checkPayment(payment: Payment, offer: Offer, now: bigint): SignedTransfer | string {
  const { accepted, resource, payload } = payment;
  const { signature, authorization } = payload;
  const exact = exactOf(accepted);
  if (!exact) return 'the payment is not one of the scheme exact';
  if (exact.network !== networkOf(offer.chainId)) return 'the payment is for another network';
  if (exact.asset !== offer.token) return 'the payment is in another token';
  if (exact.payTo !== offer.payTo || authorization.to !== offer.payTo)
    return 'the payment goes to someone else';
  if (exact.amount !== offer.amount || authorization.value !== offer.amount) {
    return 'the payment is of another amount';
  }
  if (resource && resource.url !== offer.resource) return 'the payment is for another resource';
  if (authorization.validAfter >= now) return 'the payment is not valid yet';
  if (authorization.validBefore < now + LEAST_SECONDS) return 'the payment has expired, or is about to';
  if (authorization.validBefore > now + MOST_SECONDS) return 'the payment is valid for too long';
  const transfer = { token: offer.token, ...authorization, signature };
  return signerOf(transfer, offer) === authorization.from
    ? transfer
    : 'the payment is not signed by its payer';
}

function signerOf(
  { signature, token, ...message }: SignedTransfer,
  { domain, chainId }: Offer,
): string | null {
  try {
    const full = { name: domain.name, version: domain.version, chainId, verifyingContract: token };
    return verifyTypedData(full, TRANSFER_TYPES, message, signature).toLowerCase();
  } catch {
    return null;
  }
}
