import { randomBytes } from 'node:crypto';
import {
  type Address,
  type ChannelChain,
  ChorusError,
  hasCode,
  type PaymentChain,
  type SignedTransfer,
  toHex,
} from '@chorus/protocol';
import type { Credit } from '../channels/credit.ts';
import type { CreditsStore } from '../channels/credits-store.ts';
import { voucherNonce } from '../channels/voucher.ts';
import {
  channelOf,
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
/** A voucher that is not signed after this never will be, ms. */
const INTENT_MS = 600_000;

export interface PayerOptions {
  store: PurchasesStore;
  /** Channels that pay, if they have enough. */
  credits: CreditsStore;
  chain: PaymentChain & ChannelChain & { readonly chainId: number; readonly account: Address };
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
  /** The most that the user allows; null: what is prepaid to this agent, at the price of then, and nothing else. */
  most: Cap | null;
  approved: boolean;
}

/** A payment to be sent with a request. */
export interface Paid {
  id: string;
  header: string;
  amount: bigint;
  token: Address;
  nonce: string;
  /** The channel that pays; null: a transfer of its own. */
  channel: string | null;
}

/** How a paid call ended. */
export type Ending =
  | { state: 'answered'; transaction: string | null; receipt: string | null; output: string | null }
  /** `required`: the header of the answer 402, which may say where a channel is. */
  | { state: 'refused'; reason: string; required?: string | undefined };

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
    await this.#sweep();
    const prepaid = this.#prepaid(required, order);
    if (prepaid) return this.#payByVoucher(order, required, prepaid);
    if (order.most === null) {
      throw new ChorusError('E_PAYMENT_REQUIRED', 'no channel of this wallet pays for this call', {
        facts: { price: priceIn(required) },
        hint: 'say the most to pay with --pay, or prepay: chorus credits open',
      });
    }
    return this.#payByTransfer(order, required);
  }

  async #payByTransfer(order: Order, required: PaymentRequired): Promise<Paid> {
    const { entry, accepted } = this.#payable(required);
    const { asset: token, amount } = entry;
    const { chain } = this.#options;
    const now = Math.floor(Date.now() / 1000);
    const lasts = Math.min(Math.max(entry.maxTimeoutSeconds, LASTS.least), LASTS.most);
    const purchase: Purchase = {
      ...newPurchase(order, required, chain.chainId),
      token,
      payee: entry.payTo,
      amount,
      nonce: toHex(randomBytes(32)),
      channel: null,
      validAfter: now - CLOCK_SECONDS,
      validBefore: now + Math.floor(lasts),
    };
    return this.#signed(order, purchase, async () => {
      try {
        const signed = await chain.signTransfer(transferOf(purchase, chain.account));
        await chain.tryTransfer(signed);
        return documentOf(purchase, required, accepted, transferPayload(signed));
      } catch (error) {
        throw hasCode(error, 'E_CHAIN_STAKE_REQUIRED') ? tooPoor(chain.account, token, amount, error) : error;
      }
    });
  }

  async #payByVoucher(order: Order, required: PaymentRequired, prepaid: Prepaid): Promise<Paid> {
    const { credit, accepted, amount, ceiling } = prepaid;
    const { chain } = this.#options;
    const { id, config } = credit;
    const purchase: Purchase = {
      ...newPurchase(order, required, chain.chainId),
      token: config.token,
      payee: config.receiver,
      amount,
      nonce: voucherNonce(id, ceiling),
      channel: { id, ceiling },
      validAfter: 0,
      // A voucher has no end.
      validBefore: Number.MAX_SAFE_INTEGER,
    };
    return this.#signed(order, purchase, async () => {
      const signature = await chain.signVoucher(config, ceiling);
      const voucher = { channelId: id, maxClaimableAmount: ceiling, signature };
      return documentOf(purchase, required, accepted, { type: 'voucher', channelConfig: config, voucher });
    });
  }

  /** Write a purchase down within the caps, then sign it. */
  async #signed(order: Order, purchase: Purchase, sign: () => Promise<object>): Promise<Paid> {
    const { caps } = this.#options;
    this.store.begin(purchase, () => checkCaps(caps, { ...order, ...purchase }, this.store.ofDay()));
    let header: string;
    try {
      header = encodeHeader(await sign());
    } catch (error) {
      // No one else has seen the signature.
      this.store.void(purchase.id);
      throw error;
    }
    this.store.signed(purchase.id, header);
    return paidOf(purchase, header);
  }

  /**
   * How a call has ended.
   * @returns whether the seller has proven that the payer's channel is elsewhere than this account knew: then the next
   *   payment of the same call fits it
   * @throws ChorusError `E_PAYMENT_UNKNOWN`
   */
  async ended(id: string, ending: Ending): Promise<boolean> {
    const purchase = this.store.find(id);
    if (!purchase) {
      throw new ChorusError('E_PAYMENT_UNKNOWN', 'there is no such payment', {
        facts: { id: id.slice(0, 100) },
      });
    }
    if (ending.state === 'answered') {
      this.store.answered(id, ending);
      return false;
    }
    this.store.refused(id, ending.reason);
    return ending.required === undefined ? false : this.#resync(purchase, ending.required);
  }

  /**
   * Take over what a seller says of a channel, if it has this account's own signature for it: this account has lost what it
   * knew, as by a restored backup.
   * @returns whether something was lost, so that the same call should be paid again: a seller that shows a voucher which
   *   this account remembers may have refused it only to get another one for the same call
   */
  async #resync({ channel }: Purchase, header: string): Promise<boolean> {
    const { credits, chain } = this.#options;
    const credit = channel && credits.find(channel.id);
    if (!credit) return false;
    for (const accepted of acceptedIn(header)) {
      const { channelState: state, voucherState: proof } = channelOf(accepted)?.extra ?? {};
      if (!state || !proof || state.channelId !== credit.id) continue;
      const { chargedCumulativeAmount: charged } = state;
      const { signedMaxClaimable: ceiling, signature } = proof;
      if (charged > ceiling || charged === credit.charged) continue;
      if (!(await chain.isVoucherOf(credit.config, ceiling, signature))) continue;
      credits.resync(credit.id, charged);
      return !this.store.hasSigned(credit.id, ceiling);
    }
    return false;
  }

  /**
   * What the seller accepts that a channel of this account has enough for. Any seller can ask for vouchers of a channel to
   * another one, and use them there; and a seller can raise its price. Without the user's word on what the call may cost, a
   * channel pays the agent that it was opened for, and no more than a call cost then.
   */
  #prepaid(required: PaymentRequired, { agent, most }: Pick<Order, 'agent' | 'most'>): Prepaid | null {
    const { chain, tokens, credits } = this.#options;
    for (const accepted of required.accepts) {
      const entry = channelOf(accepted);
      if (!entry || entry.network !== networkOf(chain.chainId) || entry.amount === 0n) continue;
      if (!tokens.includes(entry.asset)) continue;
      const { receiverAuthorizer } = entry.extra;
      for (const credit of credits.between(entry.payTo, receiverAuthorizer, entry.asset, chain.chainId)) {
        const ceiling = credits.nextCeiling(credit, entry.amount);
        const isAllowed = most !== null || (credit.agent === agent && entry.amount <= credit.price);
        if (isAllowed && credit.state === 'open' && ceiling <= credit.balance) {
          return { credit, accepted, amount: entry.amount, ceiling };
        }
      }
    }
    return null;
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
      if (purchase.channel) {
        // A process that died before it had signed: no one else has seen this voucher.
        if (purchase.state === 'intent' && purchase.at < Date.now() - INTENT_MS) this.store.void(purchase.id);
        continue;
      }
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

/** What an answer 402 accepts; nothing if it cannot be read. */
function acceptedIn(header: string): PaymentRequired['accepts'] {
  try {
    return decodeRequired(header).accepts;
  } catch {
    return [];
  }
}

/** The price in the seller's own words; undefined if it does not say. */
const priceIn = ({ resource }: PaymentRequired): string | undefined =>
  /: ([\d.]+ [A-Za-z0-9]{1,42})$/.exec(String(resource.description))?.[1];

/** A channel that pays for a call, and what its voucher is to state. */
interface Prepaid {
  credit: Credit;
  accepted: object;
  amount: bigint;
  ceiling: bigint;
}

const newPurchase = ({ intent, request, agent }: Order, required: PaymentRequired, chainId: number) => ({
  id: `pay_${randomBytes(16).toString('hex')}`,
  intent,
  request,
  agent,
  resource: required.resource.url,
  chainId,
  state: 'intent' as const,
  header: null,
  at: Date.now(),
  endedAt: null,
  transaction: null,
  receipt: null,
  output: null,
  reason: null,
});

const paidOf = ({ id, amount, token, nonce, channel }: Purchase, header: string): Paid => ({
  id,
  header,
  amount,
  token,
  nonce,
  channel: channel?.id ?? null,
});

function transferPayload({ from, to, value, validAfter, validBefore, nonce, signature }: SignedTransfer) {
  return { signature, authorization: { from, to, value, validAfter, validBefore, nonce } };
}

function documentOf(
  { id }: Purchase,
  { resource, extensions }: PaymentRequired,
  accepted: object,
  payload: object,
): object {
  const known = extensions?.[PAYMENT_IDENTIFIER];
  return {
    x402Version: X402_VERSION,
    resource,
    accepted,
    payload,
    ...(known === undefined ? {} : { extensions: { [PAYMENT_IDENTIFIER]: { ...known, info: { id } } } }),
  };
}
