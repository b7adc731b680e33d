import type { ChannelChain } from '@chorus/protocol';
import type { Offer } from '../exact/offer.ts';
import { channelOf, networkOf, type VoucherPayment } from '../wire/headers.ts';
import { REFUSED, type SignedVoucher } from './voucher.ts';

const ZERO = `0x${'00'.repeat(20)}`;

/**
 * Check a voucher against an offer: everything but the sums and the state of its channel. Nothing of it is asked of the
 * chain but where its contracts are, once.
 * @param isKnown whether the seller has served this channel before: its delay may be from earlier terms
 * @returns the voucher; a text that says why it does not pay for this
 */
export async function checkVoucher(
  { accepted, resource, payload }: VoucherPayment,
  offer: Offer,
  chain: Pick<ChannelChain, 'channelId' | 'isVoucherOf'>,
  isKnown: (channelId: string) => boolean,
): Promise<SignedVoucher | string> {
  const { channelConfig: config, voucher } = payload;
  const { channel } = offer;
  const entry = channelOf(accepted);
  if (!entry || !channel) return REFUSED.scheme;
  if (entry.network !== networkOf(offer.chainId)) return REFUSED.network;
  if (entry.asset !== offer.token || config.token !== offer.token) return REFUSED.token;
  if (entry.payTo !== offer.payTo || config.receiver !== offer.payTo) return REFUSED.receiver;
  if (config.receiverAuthorizer !== channel.authorizer) return REFUSED.authorizer;
  if (config.payerAuthorizer === ZERO) return REFUSED.key;
  if (entry.amount !== offer.amount) return 'the payment is of another amount';
  if (resource && resource.url !== offer.resource) return 'the payment is for another resource';
  if (voucher.channelId !== (await chain.channelId(config))) return REFUSED.id;
  if (config.withdrawDelay < channel.withdrawDelay && !isKnown(voucher.channelId)) return REFUSED.delay;
  const { channelId, maxClaimableAmount: ceiling, signature } = voucher;
  if (!(await chain.isVoucherOf(config, ceiling, signature))) return REFUSED.signature;
  return { channelId, config, ceiling, signature };
}
