import type { ChannelConfig, ChannelState, Hex } from '@chorus/protocol';

/** A channel of a payer, and the last voucher of it. Sums in the token's smallest unit, times in ms since 1970. */
export interface HeldChannel {
  id: Hex;
  chainId: number;
  config: ChannelConfig;
  /** The agent that was last called. */
  agent: string;
  /** What calls have cost, of everything that was ever in the channel: never above the ceiling. */
  charged: bigint;
  /** The highest voucher, and its signature. */
  ceiling: bigint;
  signature: Hex;
  /** Vouchers up to here are over: those that are not known any more cannot be used a second time. */
  floor: bigint;
  /** Calls that were charged, ever. */
  calls: number;
  at: number;
  /** As the chain had it at `readAt`. */
  balance: bigint;
  claimed: bigint;
  /** Unix seconds from which its payer can end a withdrawal; null: none is under way. */
  closingAt: number | null;
  readAt: number;
  /** Calls since the last claim, and when the first of them was. */
  waiting: number;
  waitingSince: number | null;
  claimTransaction: Hex | null;
}

/** What calls have cost and can still be claimed: what its payer has withdrawn is lost. */
export const unclaimedIn = ({
  charged,
  balance,
  claimed,
}: Pick<HeldChannel, 'charged' | 'balance' | 'claimed'>): bigint =>
  (charged < balance ? charged : balance) - claimed;

/** What the chain says of a channel, and when it was asked. */
export type ReadState = ChannelState & { readAt: number };
