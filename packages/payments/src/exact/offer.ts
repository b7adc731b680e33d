import type { Address, TokenDomain } from '@chorus/protocol';
import {
  CHANNEL_SCHEME,
  networkOf,
  PAYMENT_IDENTIFIER,
  type PaymentRequired,
  SCHEME,
  X402_VERSION,
} from '../wire/headers.ts';

/** What one call costs, and to whom it is paid. */
export interface Offer {
  /** Name of the agent at this node. */
  agent: string;
  /** Base URL of the agent: what is paid for. */
  resource: string;
  description: string;
  chainId: number;
  token: Address;
  domain: TokenDomain;
  /** In the token's smallest unit; above 0. */
  amount: bigint;
  payTo: Address;
  /** How prepaid channels pay for it; null: they do not. */
  channel: { authorizer: Address; withdrawDelay: number } | null;
}

/** Time that a buyer's signature should last, seconds: settlements wait for those before them, and for a block. */
export const PAYMENT_SECONDS = 300;

/** The offer as x402 lists it, for a transfer of each call's own. */
const requirementsOf = ({ chainId, token, domain, amount, payTo }: Offer) => ({
  scheme: SCHEME,
  network: networkOf(chainId),
  asset: token,
  amount: amount.toString(),
  payTo,
  maxTimeoutSeconds: PAYMENT_SECONDS,
  // Paid before the work: an answer that streams cannot be taken back.
  extra: { name: domain.name, version: domain.version, paymentFlow: 'upfront' },
});

/** What the seller says of a channel that a voucher does not fit. */
export interface ChannelCorrection {
  channelState: object;
  voucherState: object;
}

/** Everything that x402 lists of the offer; a transfer for each call first. */
export function acceptsOf(offer: Offer, correction?: ChannelCorrection) {
  const exact = requirementsOf(offer);
  const { channel, domain } = offer;
  if (!channel) return [exact];
  const { authorizer: receiverAuthorizer, withdrawDelay } = channel;
  const { name, version } = domain;
  const extra = { name, version, receiverAuthorizer, withdrawDelay, ...correction };
  return [exact, { ...exact, scheme: CHANNEL_SCHEME, extra }];
}

/** The document of an answer 402. @param error why a payment that was sent does not count */
export function paymentRequired(
  offer: Offer,
  error: string,
  correction?: ChannelCorrection,
): PaymentRequired {
  return {
    x402Version: X402_VERSION,
    error,
    resource: { url: offer.resource, description: offer.description, mimeType: 'application/json' },
    accepts: acceptsOf(offer, correction),
    extensions: {
      [PAYMENT_IDENTIFIER]: {
        info: { required: false },
        schema: {
          $schema: 'https://json-schema.org/draft/2020-12/schema',
          type: 'object',
          properties: {
            required: { type: 'boolean' },
            id: { type: 'string', minLength: 16, maxLength: 128 },
          },
        },
      },
    },
  };
}
