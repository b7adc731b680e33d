import { randomBytes } from 'node:crypto';
import {
  type Address,
  ChorusError,
  hasCode,
  type PaymentChain,
  type SignedTransfer,
  toHex,
} from '@chorus/protocol';
import {
  decodeRequired,
  encodeHeader,
  exactOf,
  networkOf,
  PAYMENT_IDENTIFIER,
  type PaymentRequired,
  X402_VERSION,
} from '../wire/headers.ts';
import { type Cap, type Caps, checkCaps } from './caps.ts';
import { type Purchase, transferOf } from './purchase.ts';
import type { PurchasesStore } from './purchases-store.ts';

/** A payment may have been signed by a clock that is ahead of the chain's. */
const CLOCK_SECONDS = 600;
/** How long a signature lasts, whatever a seller asks for, seconds. */
const LASTS = { least: 60, most: 3_600 };
/** After a signature has ended: the last block in which it could have been used is known by then. */
const SETTLED_SECONDS = 120;

export interface PayerOptions {
  store: PurchasesStore;
  chain: PaymentChain & { readonly chainId: number; readonly account: Address };
  /** Tokens that may be spent, in lower case. */
  tokens: readonly Address[];
  caps: Caps;
}

/** A call that costs something. */
export interface Order {
  /** The address by which the agent is called. */
  agent: string;
  intent: string;
  /** Digest of the request. */
  request: string;
  /** The header of the answer 402. */
  required: string;
  most: Cap;
  approved: boolean;
}

/** A payment to be sent with a request. */
export interface Paid {
  id: string;
  header: string;
  amount: bigint;
  token: Address;
  nonce: string;
}

/** How a paid call ended. */
export type Ending =
  | { state: 'answered'; transaction: string | null; receipt: string | null; output: string | null }
  | { state: 'refused'; reason: string };

/** Signs payments for calls, within the owner's caps. Nothing is sent, and no gas is paid: that is the seller's. */
export class Payer {
  readonly store: PurchasesStore;
  readonly #options: PayerOptions;

  constructor(options: PayerOptions) {
    this.#options = options;
    this.store = options.store;
  }

  /** The payment of a call that was paid before, and never answered; null if no such payment exists. */
  async resume(intent: string, request: string): Promise<Paid | null> {
    const purchase = this.store.open(intent);
    if (!purchase || purchase.request !== request) return null;
    return purchase.header === null ? null : paidOf(purchase, purchase.header);
  }

  /**
   * Sign a payment. It is written down before it is signed.
   * @throws ChorusError `E_PAYMENT_OFFER` if nothing that the seller accepts can be paid; `E_PAYMENT_CAP`,
   *   `E_PAYMENT_APPROVAL`, `E_PAYMENT_FUNDS`
   */
  async pay(order: Order): Promise<Paid> {
    const required = decodeRequired(order.required);
    const { entry, accepted } = this.#payable(required);
    const { token, amount } = { token: entry.asset, amount: entry.amount };
    await this.#sweep();
    const { chain, caps } = this.#options;
    const now = Math.floor(Date.now() / 1000);
    const lasts = Math.min(Math.max(entry.maxTimeoutSeconds, LASTS.least), LASTS.most);
    const purchase: Purchase = {
      id: `pay_${randomBytes(16).toString('hex')}`,
      intent: order.intent,
      request: order.request,
      agent: order.agent,
      resource: required.resource.url,
      chainId: chain.chainId,
      token,
      payee: entry.payTo,
      amount,
      nonce: toHex(randomBytes(32)),
      validAfter: now - CLOCK_SECONDS,
      validBefore: now + Math.floor(lasts),
      state: 'intent',
      header: null,
      at: Date.now(),
      endedAt: null,
      transaction: null,
      receipt: null,
      output: null,
      reason: null,
    };
    this.store.begin(purchase, () => checkCaps(caps, { ...order, token, amount }, this.store.ofDay()));
    let header: string;
    try {
      const signed = await chain.signTransfer(transferOf(purchase, chain.account));
      await chain.tryTransfer(signed);
      header = encodeHeader(documentOf(purchase, signed, required, accepted));
    } catch (error) {
      // No one else has seen the signature.
      this.store.void(purchase.id);
      throw hasCode(error, 'E_CHAIN_STAKE_REQUIRED') ? tooPoor(chain.account, token, amount, error) : error;
    }
    this.store.signed(purchase.id, header);
    return paidOf(purchase, header);
  }

  /** @throws ChorusError `E_PAYMENT_UNKNOWN` */
  ended(id: string, ending: Ending): void {
    if (!this.store.find(id)) {
      throw new ChorusError('E_PAYMENT_UNKNOWN', 'there is no such payment', {
        facts: { id: id.slice(0, 100) },
      });
    }
    if (ending.state === 'answered') this.store.answered(id, ending);
    else this.store.refused(id, ending.reason);
  }

  /** The first of what the seller accepts that this account can pay. */
  #payable(required: PaymentRequired) {
    const { chain, tokens } = this.#options;
    for (const accepted of required.accepts) {
      const entry = exactOf(accepted);
      if (!entry || entry.network !== networkOf(chain.chainId) || entry.amount === 0n) continue;
      if (tokens.includes(entry.asset)) return { entry, accepted };
    }
    const asked = required.accepts.map(({ scheme, network, asset }) => `${scheme} ${network} ${asset}`);
    throw new ChorusError('E_PAYMENT_OFFER', 'this node cannot pay in any way that the agent accepts', {
      facts: {
        accepts: asked.join(', ').slice(0, 500),
        network: networkOf(chain.chainId),
        tokens: tokens.join(' '),
      },
      hint: 'add the token to agents.tokens if you trust it, or use a node of the network that the agent names',
    });
  }

  /** What a seller has not taken in time was not paid: it no longer counts. */
  async #sweep(): Promise<void> {
    const { chain } = this.#options;
    const over = Math.floor(Date.now() / 1000) - SETTLED_SECONDS;
    for (const purchase of this.store.ofDay()) {
      if (purchase.state === 'answered' || purchase.validBefore > over) continue;
      if (purchase.state !== 'intent') {
        const { state } = await chain.transferState(
          transferOf(purchase, chain.account),
          Number.MAX_SAFE_INTEGER,
        );
        if (state !== 'unused') continue;
      }
      this.store.void(purchase.id);
    }
  }
}

function tooPoor(account: Address, token: Address, amount: bigint, cause: unknown): ChorusError {
  return new ChorusError('E_PAYMENT_FUNDS', 'the wallet has not enough of the token for this call', {
    facts: { amount, token, account },
    hint: 'send it some, or call with another --home',
    cause,
  });
}

const paidOf = ({ id, amount, token, nonce }: Purchase, header: string): Paid => ({
  id,
  header,
  amount,
  token,
  nonce,
});

function documentOf(
  { id }: Purchase,
  { from, to, value, validAfter, validBefore, nonce, signature }: SignedTransfer,
  { resource, extensions }: PaymentRequired,
  accepted: object,
): object {
  const authorization = { from, to, value, validAfter, validBefore, nonce };
  const known = extensions?.[PAYMENT_IDENTIFIER];
  return {
    x402Version: X402_VERSION,
    resource,
    accepted,
    payload: { signature, authorization },
    ...(known === undefined ? {} : { extensions: { [PAYMENT_IDENTIFIER]: { ...known, info: { id } } } }),
  };
}
