import type { Address, TokenDomain } from '@chorus/protocol';
import {
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
}

/** Time that a buyer's signature should last, seconds: settlements wait for those before them, and for a block. */
export const PAYMENT_SECONDS = 300;

/** The offer as x402 lists it. */
export const requirementsOf = ({ chainId, token, domain, amount, payTo }: Offer) => ({
  scheme: SCHEME,
  network: networkOf(chainId),
  asset: token,
  amount: amount.toString(),
  payTo,
  maxTimeoutSeconds: PAYMENT_SECONDS,
  // Paid before the work: an answer that streams cannot be taken back.
  extra: { name: domain.name, version: domain.version, paymentFlow: 'upfront' },
});

/** The document of an answer 402. @param error why a payment that was sent does not count */
export function paymentRequired(offer: Offer, error: string): PaymentRequired {
  return {
    x402Version: X402_VERSION,
    error,
    resource: { url: offer.resource, description: offer.description, mimeType: 'application/json' },
    accepts: [requirementsOf(offer)],
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
