import { type ChannelChain, ChorusError, explain } from '@chorus/protocol';
import type { HeldChannel, ReadState } from '../channels/held-channel.ts';
import type { HeldChannels } from '../channels/held-channels.ts';
import { larger } from '../channels/larger.ts';
import { REFUSED, type SignedVoucher } from '../channels/voucher.ts';
import type { ChannelCorrection, Offer } from '../exact/offer.ts';
import type { Sale } from './sale.ts';
import type { SalesStore } from './sales-store.ts';

/**
 * How long what the chain said of a channel counts, ms. A payer needs the delay of the channel to take anything out of it:
 * far longer.
 */
const READ_MS = 60_000;
/** A first voucher is taken only of a channel with this many calls in it: a claim costs as much gas as a transfer. */
const LEAST_CALLS = 10n;
/** Channels that are asked for at the chain at a time: strangers can name any. */
const MOST_READS = 16;

export type Accepted =
  | { kind: 'taken'; sale: Sale }
  /** This very voucher was used. */
  | { kind: 'used' }
  | { kind: 'refused'; why: string; correction?: ChannelCorrection }
  | { kind: 'later'; why: string };

export interface VoucherDeskOptions {
  chain: ChannelChain;
  sales: SalesStore;
  channels: HeldChannels;
  /** A receipt for a call that was paid for. */
  receipt(sale: Sale): string;
}

/**
 * Takes vouchers for calls. A call is served when the vouchers that are held cover everything that was charged, this call
 * included, and the channel covers the voucher and the charges: in which order vouchers of concurrent calls arrive does not matter.
 */
export class VoucherDesk {
  readonly channels: HeldChannels;
  readonly #options: VoucherDeskOptions;
  #reads = 0;

  constructor(options: VoucherDeskOptions) {
    this.#options = options;
    this.channels = options.channels;
  }

  /** Take the voucher of a new sale, and write both down; all that is refused leaves no trace. */
  async take(sale: Sale, voucher: SignedVoucher, offer: Offer): Promise<Accepted> {
    let state: ReadState;
    try {
      state = await this.#stateOf(voucher, offer.amount);
    } catch (error) {
      return { kind: 'later', why: explain(error).message };
    }
    // From here on nothing waits: of concurrent calls each sees what the one before it was charged.
    const known = this.channels.find(voucher.channelId);
    if (this.channels.isUsed(voucher)) return { kind: 'used' };
    if (state.balance === 0n) return { kind: 'refused', why: REFUSED.missing };
    if (state.withdrawal) return { kind: 'refused', why: REFUSED.closing };
    if (voucher.ceiling > state.balance) return { kind: 'refused', why: REFUSED.balance };
    if (!known && state.balance - state.claimed < LEAST_CALLS * offer.amount) {
      return {
        kind: 'refused',
        why: `the channel must hold at least ${LEAST_CALLS} calls when it is first used`,
      };
    }
    const before = known && known.charged > state.claimed ? known.charged : state.claimed;
    const charged = before + offer.amount;
    const held = known && known.ceiling > voucher.ceiling ? known.ceiling : voucher.ceiling;
    if (charged > held) {
      return known
        ? { kind: 'refused', why: REFUSED.cumulative, correction: correctionOf(known, state) }
        : { kind: 'refused', why: REFUSED.cumulative };
    }
    // A ceiling that was signed before a withdrawal may be far above what is left.
    if (charged > state.balance) return { kind: 'refused', why: REFUSED.balance };
    const paid = { ...sale, state: 'settled' as const, transaction: null };
    const receipt = this.#options.receipt(paid);
    this.#options.sales.beginPaid({ ...paid, receipt }, () =>
      this.channels.charge(voucher, charged, { chainId: offer.chainId, agent: offer.agent }, state),
    );
    return { kind: 'taken', sale: { ...paid, receipt } };
  }

  /** Where the channel of a voucher is; undefined if it is not known here. */
  correction({ channelId }: SignedVoucher): ChannelCorrection | undefined {
    const known = this.channels.find(channelId);
    return known ? correctionOf(known, stateOf(known)) : undefined;
  }

  /** What was read lately, or what the chain says now. More may be in it than was known: it is asked before a refusal. */
  async #stateOf({ channelId, config, ceiling }: SignedVoucher, amount: bigint): Promise<ReadState> {
    const known = this.channels.find(channelId);
    const fresh = known && Math.abs(Date.now() - known.readAt) < READ_MS;
    if (fresh && known.closingAt === null && larger(ceiling, known.charged + amount) <= known.balance) {
      return stateOf(known);
    }
    if (this.#reads >= MOST_READS) {
      throw new ChorusError('E_PAYMENT_LATER', 'too many channels are being looked up', {
        hint: 'nothing was paid; ask again later',
      });
    }
    this.#reads++;
    try {
      const state = { ...(await this.#options.chain.channel(config)), readAt: Date.now() };
      this.channels.read(channelId, state);
      return state;
    } finally {
      this.#reads--;
    }
  }
}

const stateOf = ({ balance, claimed, readAt }: HeldChannel): ReadState => ({
  balance,
  claimed,
  withdrawal: null,
  readAt,
});

/** Where the channel is, with the payer's own signature: it believes nothing else. */
export const correctionOf = (
  { id, charged, ceiling, signature }: HeldChannel,
  { balance, claimed, withdrawal }: ReadState,
): ChannelCorrection => ({
  channelState: {
    channelId: id,
    balance: balance.toString(),
    totalClaimed: claimed.toString(),
    withdrawRequestedAt: withdrawal?.startedAt ?? 0,
    chargedCumulativeAmount: charged.toString(),
  },
  voucherState: { signedMaxClaimable: ceiling.toString(), signature },
});
