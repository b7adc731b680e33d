import { createHash } from 'node:crypto';
import {
  type ChannelChain,
  ChorusError,
  explain,
  type Hex,
  hasCode,
  isOutcomeUnknown,
  isRetryable,
  mayBeSentAgain,
  type PaymentChain,
  type Receipt,
  type SignedTransfer,
} from '@chorus/protocol';
import { checkVoucher } from '../channels/check-voucher.ts';
import type { HeldChannels } from '../channels/held-channels.ts';
import { REFUSED, type SignedVoucher, voucherNonce } from '../channels/voucher.ts';
import { checkPayment } from '../exact/check.ts';
import type { Offer } from '../exact/offer.ts';
import {
  type ReceiptPayload,
  type ReceiptSigner,
  type ServingFacts,
  signReceipt,
} from '../receipt/receipt.ts';
import {
  decodePayment,
  networkOf,
  PAYMENT_IDENTIFIER,
  type Payment,
  type VoucherPayment,
} from '../wire/headers.ts';
import {
  alreadyAnswered,
  askPayment,
  inProgress,
  mayBePaid,
  notNow,
  ofAnother,
  refusePayment,
} from './refusals.ts';
import { type KeptAnswer, keyText, type Sale } from './sale.ts';
import type { SalesStore } from './sales-store.ts';
import { VoucherDesk } from './voucher-desk.ts';

/** Settlements that wait for their turn, or for their block. */
const MOST_SETTLING = 64;
/** Of one payer. */
const MOST_OF_PAYER = 4;
/** Times that the work of one payment is begun: an agent that fails each time does not work for ever. */
const MOST_TRIES = 3;
/** Payers whose transfers were refused after they were sent, which cost gas; each for an hour. */
const MOST_STRIKES = 3;
const STRIKE_MS = 3_600_000;
const MOST_STRUCK = 10_000;

export interface CashierOptions {
  store: SalesStore;
  chain: PaymentChain & ChannelChain;
  /** Channels of payers that this node holds vouchers of. */
  channels: HeldChannels;
  signer: ReceiptSigner;
  /** Whether the owner's limits allow the gas of one more settlement. */
  mayPayGas(): boolean;
  /** Called with each payment that was made. */
  onPaid?: (sale: Sale) => void;
  /** Called with what a settlement failed of. */
  onError?: (error: unknown) => void;
}

/** A request, as far as its payment goes. */
export interface CallFacts {
  /** The payment that came with it; null if it has none. */
  header: string | null;
  /** Digest of the request. */
  request: string;
  caller: string;
}

export type Charged =
  /** Nothing may be done. */
  | { kind: 'refused'; response: Response }
  /** It was done, and this was the answer. */
  | { kind: 'answered'; sale: Sale; answer: KeptAnswer }
  /** The work is owed. The caller ends it with `release`. */
  | { kind: 'paid'; sale: Sale };

/**
 * Takes payments for calls. Each payment is settled once, before the work, and buys the work once: of the same payment,
 * sent any number of times at once, one gets the work. What was paid for and not done stays owed, over restarts.
 */
export class Cashier {
  readonly store: SalesStore;
  readonly channels: HeldChannels;
  readonly #options: CashierOptions;
  readonly #vouchers: VoucherDesk;
  /** Payments that are being settled, or worked for, by this process. */
  readonly #busy = new Set<string>();
  readonly #settling = new Map<string, number>();
  readonly #strikes = new Map<string, { count: number; until: number }>();

  constructor(options: CashierOptions) {
    this.#options = options;
    this.store = options.store;
    this.channels = options.channels;
    const { chain, channels, store: sales } = options;
    this.#vouchers = new VoucherDesk({ chain, channels, sales, receipt: (sale) => this.receipt(sale, null) });
  }

  async charge(offer: Offer, facts: CallFacts): Promise<Charged> {
    if (facts.header === null) return refused(askPayment(offer, 'this agent is paid for each call'));
    let payment: Payment | VoucherPayment;
    try {
      payment = decodePayment(facts.header);
    } catch (error) {
      return refused(askPayment(offer, explain(error).message));
    }
    if ('voucher' in payment.payload) return this.#chargeVoucher(payment as VoucherPayment, offer, facts);
    return this.#chargeTransfer(payment as Payment, offer, facts);
  }

  async #chargeTransfer(payment: Payment, offer: Offer, facts: CallFacts): Promise<Charged> {
    const transfer = checkPayment(payment, offer, BigInt(Math.floor(Date.now() / 1000)));
    if (typeof transfer === 'string') {
      return this.#earlier(payment, offer, facts) ?? refused(askPayment(offer, transfer));
    }
    return this.#exclusive(saleOf(payment, transfer, offer, facts), offer);
  }

  async #chargeVoucher(payment: VoucherPayment, offer: Offer, facts: CallFacts): Promise<Charged> {
    const { chain, channels } = this.#options;
    let voucher: SignedVoucher | string;
    try {
      voucher = await checkVoucher(payment, offer, chain, (id) => channels.find(id as Hex) !== null);
    } catch (error) {
      if (isRetryable(error)) return refused(refusePayment(notNow('its chain does not answer')));
      voucher = explain(error).message;
    }
    if (typeof voucher === 'string') {
      // As of a transfer: what was paid for is owed, whatever has changed since.
      const { channelConfig: config, voucher: sent } = payment.payload;
      const signed = { ...sent, config, ceiling: sent.maxClaimableAmount };
      const sale = saleOfVoucher(payment, signed, offer, facts);
      const known = this.store.find(sale)?.payment === sale.payment;
      return known ? this.#exclusive(sale, offer) : refused(askPayment(offer, voucher));
    }
    return this.#exclusive(saleOfVoucher(payment, voucher, offer, facts), offer);
  }

  /**
   * A payment that was taken is good for its work even after it has expired, or the price has changed: it is known by
   * its nonce, and all else of it is the same.
   */
  #earlier(payment: Payment, offer: Offer, facts: CallFacts): Promise<Charged> | null {
    const { authorization, signature } = payment.payload;
    const transfer = { token: offer.token, ...authorization, signature };
    const sale = saleOf(payment, transfer, offer, facts);
    const known = this.store.find(sale);
    return known?.payment === sale.payment && known.state !== 'void' ? this.#exclusive(sale, offer) : null;
  }

  async #exclusive(sale: Sale, offer: Offer): Promise<Charged> {
    const keys = busyKeys(sale);
    // From here to the mark nothing waits: of a hundred at once, one passes.
    if (keys.some((key) => this.#busy.has(key))) return refused(refusePayment(inProgress()));
    if (sale.id !== null) {
      const named = this.store.byId(sale.payer, sale.id);
      if (named && keyText(named) !== keyText(sale)) return refused(refusePayment(ofAnother()));
    }
    for (const key of keys) this.#busy.add(key);
    let charged: Charged | null = null;
    try {
      charged = await this.#take(sale, offer);
      return charged;
    } finally {
      if (charged?.kind !== 'paid') this.release(sale);
    }
  }

  /** The work for a payment has ended, or never began. */
  release(sale: Sale): void {
    for (const key of busyKeys(sale)) this.#busy.delete(key);
  }

  /**
   * A receipt for what was paid.
   * @param output digest of the answer, if it is known
   * @param serving which model answered, if it is known
   */
  receipt(sale: Sale, output: string | null, serving: ServingFacts | null = null): string {
    const more = serving ? { serving } : {};
    return signReceipt({ ...receiptOf(sale, output), ...more }, this.#options.signer);
  }

  async #take(sale: Sale, offer: Offer): Promise<Charged> {
    const known = this.store.find(sale);
    if (!known) return this.#settleNew(sale, offer);
    const same =
      known.payment === sale.payment &&
      known.request === sale.request &&
      known.agent === sale.agent &&
      known.caller === sale.caller;
    if (!same) {
      const { proof } = sale;
      // Its payer may have lost what it knew: the answer says where the channel is.
      if ('ceiling' in proof) return this.#elsewhere(proof, offer);
      return refused(refusePayment(ofAnother()));
    }
    switch (known.state) {
      case 'answered': {
        // Without an id of the payer's own, all of a payment can be read on chain.
        const answer = known.id === null ? null : this.store.answer(known);
        return answer ? { kind: 'answered', sale: known, answer } : refused(refusePayment(alreadyAnswered()));
      }
      case 'settling':
      case 'void':
        return this.#recover(known, offer);
      default:
        if (known.tries < MOST_TRIES) return { kind: 'paid', sale: known };
        return refused(refusePayment(alreadyAnswered()));
    }
  }

  /** A voucher that has paid for something else. */
  #elsewhere(voucher: SignedVoucher, offer: Offer): Charged {
    return refused(askPayment(offer, REFUSED.cumulative, this.#vouchers.correction(voucher)));
  }

  async #takeVoucher(sale: Sale, voucher: SignedVoucher, offer: Offer): Promise<Charged> {
    const accepted = await this.#vouchers.take(sale, voucher, offer);
    switch (accepted.kind) {
      case 'taken':
        this.#options.onPaid?.(accepted.sale);
        return { kind: 'paid', sale: accepted.sale };
      case 'used':
        return this.#elsewhere(voucher, offer);
      case 'later':
        return refused(refusePayment(notNow(accepted.why)));
      default:
        return refused(askPayment(offer, accepted.why, accepted.correction));
    }
  }

  async #settleNew(sale: Sale, offer: Offer): Promise<Charged> {
    const { proof } = sale;
    if ('ceiling' in proof) return this.#takeVoucher(sale, proof, offer);
    const later = this.#whyNot(sale.payer);
    if (later) return refused(refusePayment(notNow(later)));
    return this.#inTurn(sale.payer, async () => {
      let block: number;
      try {
        ({ block } = await this.#options.chain.tryTransfer(proof));
      } catch (error) {
        if (isRetryable(error)) return refused(refusePayment(notNow('its chain does not answer')));
        return refused(askPayment(offer, `the chain refuses the payment: ${reasonOfChain(error)}`));
      }
      const begun = { ...sale, fromBlock: block };
      this.store.begin(begun);
      return this.#send(begun, offer);
    });
  }

  /** After a crash, or a settlement without an answer: look first. */
  async #recover(sale: Sale, offer: Offer): Promise<Charged> {
    const transfer = transferOf(sale);
    return this.#inTurn(sale.payer, async () => {
      const found = await this.#options.chain.transferState(transfer, sale.fromBlock).catch(() => null);
      if (found === null) return refused(refusePayment(mayBePaid()));
      if (found.state === 'made') return this.#settled(sale, found);
      if (found.state === 'unused' && sale.state === 'settling') return this.#send(sale, offer);
      return this.#void(sale, offer, 'it was not made');
    });
  }

  async #send(sale: Sale, offer: Offer): Promise<Charged> {
    const { chain, onError } = this.#options;
    const transfer = transferOf(sale);
    try {
      return this.#settled(sale, await chain.sendTransfer(transfer));
    } catch (failure) {
      onError?.(failure);
      if (isOutcomeUnknown(failure)) return refused(refusePayment(mayBePaid()));
      // Anyone may send it, once it is known: the payee is paid all the same.
      const found = await chain.transferState(transfer, sale.fromBlock).catch(() => null);
      if (found === null) return refused(refusePayment(mayBePaid()));
      if (found.state === 'made') return this.#settled(sale, found);
      if (found.state === 'unused' && isOwnFault(failure)) {
        return refused(refusePayment(notNow('it cannot send its transaction')));
      }
      this.#strike(sale.payer);
      return this.#void(sale, offer, reasonOfChain(failure));
    }
  }

  #settled(sale: Sale, { transaction, block }: Pick<Receipt, 'transaction' | 'block'>): Charged {
    const receipt = this.receipt({ ...sale, transaction, block }, null);
    const paid = this.store.settled(sale, { transaction, block }, receipt);
    this.#options.onPaid?.(paid);
    return { kind: 'paid', sale: paid };
  }

  #void(sale: Sale, offer: Offer, reason: string): Charged {
    this.store.void(sale, reason);
    return refused(askPayment(offer, `the payment failed: ${reason}`));
  }

  #whyNot(payer: string): string | null {
    const struck = this.#strikes.get(payer);
    if (struck && struck.until > Date.now() && struck.count >= MOST_STRIKES) {
      return 'payments of this account have failed after they were sent';
    }
    const all = [...this.#settling.values()].reduce((sum, count) => sum + count, 0);
    if (all >= MOST_SETTLING || (this.#settling.get(payer) ?? 0) >= MOST_OF_PAYER) {
      return 'others are being settled';
    }
    return this.#options.mayPayGas() ? null : 'its limit of gas for today is reached';
  }

  async #inTurn(payer: string, work: () => Promise<Charged>): Promise<Charged> {
    this.#settling.set(payer, (this.#settling.get(payer) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#settling.get(payer) ?? 1) - 1;
      if (left > 0) this.#settling.set(payer, left);
      else this.#settling.delete(payer);
    }
  }

  #strike(payer: string): void {
    const now = Date.now();
    for (const [each, { until }] of this.#strikes) if (until <= now) this.#strikes.delete(each);
    if (this.#strikes.size >= MOST_STRUCK) this.#strikes.clear();
    this.#strikes.set(payer, { count: (this.#strikes.get(payer)?.count ?? 0) + 1, until: now + STRIKE_MS });
  }
}

/** Why the chain refuses a transfer, in words of a payment. */
const reasonOfChain = (error: unknown): string =>
  hasCode(error, 'E_CHAIN_STAKE_REQUIRED') ? "the payer's balance is too small" : explain(error).message;

/** The transaction was not sent, for reasons that are not the payer's. */
const isOwnFault = (failure: unknown): boolean =>
  mayBeSentAgain(failure) || hasCode(failure, 'E_CHAIN_NO_GAS') || hasCode(failure, 'E_CHAIN_FEE_TOO_LOW');

/** A payment is one by its nonce, and by the id that its payer gave it. */
const busyKeys = (sale: Sale): string[] => [
  keyText(sale),
  ...(sale.id === null ? [] : [`${sale.payer} ${sale.id}`]),
];

const refused = (response: Response): Charged => ({ kind: 'refused', response });

const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** Only transfers are ever on their way: a voucher pays at once. */
function transferOf({ proof }: Sale): SignedTransfer {
  if (!('ceiling' in proof)) return proof;
  throw new ChorusError('E_PAYMENT_OPEN', 'a voucher is not a transfer');
}

const idOf = ({ extensions }: Payment | VoucherPayment): string | null =>
  extensions?.[PAYMENT_IDENTIFIER]?.info.id ?? null;

/** A call before it is paid for. */
const newSale = (offer: Offer, facts: CallFacts) => ({
  chainId: offer.chainId,
  token: offer.token,
  request: facts.request,
  caller: facts.caller,
  agent: offer.agent,
  resource: offer.resource,
  fromBlock: 0,
  state: 'settling' as const,
  tries: 0,
  at: Date.now(),
  answeredAt: null,
  transaction: null,
  block: null,
  reason: null,
  receipt: null,
});

function saleOfVoucher(
  payment: VoucherPayment,
  voucher: SignedVoucher,
  offer: Offer,
  facts: CallFacts,
): Sale {
  const id = idOf(payment);
  const { channelId, config, ceiling, signature } = voucher;
  return {
    ...newSale(offer, facts),
    payer: config.payer,
    nonce: voucherNonce(channelId, ceiling),
    id,
    payment: sha256([offer.chainId, channelId, ceiling, signature, id].join(' ')),
    payee: config.receiver,
    amount: offer.amount,
    proof: voucher,
  };
}

function saleOf(payment: Payment, transfer: SignedTransfer, offer: Offer, facts: CallFacts): Sale {
  const id = idOf(payment);
  const { from, to, value, validAfter, validBefore, nonce, signature, token } = transfer;
  const signed = [offer.chainId, token, from, to, value, validAfter, validBefore, nonce, signature, id];
  return {
    ...newSale(offer, facts),
    payer: from,
    nonce,
    id,
    payment: sha256(signed.join(' ')),
    payee: to,
    amount: value,
    proof: transfer,
  };
}

export function receiptOf(sale: Sale, output: string | null): ReceiptPayload {
  const { proof } = sale;
  const voucher = 'ceiling' in proof ? proof : null;
  if (sale.transaction === null && !voucher) {
    throw new ChorusError('E_PAYMENT_OPEN', 'there is no receipt for what was not paid');
  }
  return {
    version: 1,
    network: networkOf(sale.chainId),
    resourceUrl: sale.resource,
    payer: sale.payer,
    issuedAt: Math.floor(Date.now() / 1000),
    // A voucher has none of its own: x402 leaves it empty.
    transaction: sale.transaction ?? '',
    payee: sale.payee,
    asset: sale.token,
    amount: sale.amount.toString(),
    nonce: sale.nonce,
    agent: sale.agent,
    input: sale.request,
    ...(output === null ? {} : { output }),
    ...(voucher && { channel: voucher.channelId, ceiling: voucher.ceiling.toString() }),
  };
}
