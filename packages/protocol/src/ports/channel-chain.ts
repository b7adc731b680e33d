import type { Address, Hex } from '../hex.ts';
import type { TransferState } from './payment-chain.ts';
import type { Sent } from './transaction.ts';

/**
 * What a payment channel is (x402, scheme `batch-settlement` on EVM): never changed, and hashed with the contract and the
 * chain it is the channel's id.
 */
export interface ChannelConfig {
  /** Who pays in, and gets back what is not claimed. */
  payer: Address;
  /** The key that signs vouchers; zero: the payer itself. */
  payerAuthorizer: Address;
  /** Who is paid: a wallet, or the till of an agent. */
  receiver: Address;
  /** Who may claim and refund, besides the receiver. */
  receiverAuthorizer: Address;
  token: Address;
  /** Seconds from the start of a withdrawal to its end, in which the receiver can still claim. */
  withdrawDelay: number;
  /** 32 bytes that tell channels of the same parties apart. */
  salt: Hex;
}

/** Bounds of the delay of a withdrawal, seconds; the contract has them. */
export const WITHDRAW_DELAY = { least: 900, most: 2_592_000 };

/** Amounts in channels are below 2^128. */
export const MOST_IN_CHANNEL = (1n << 128n) - 1n;

/** Claims in one transaction: each costs up to 70,000 gas. */
export const MOST_CLAIMS = 32;

/** A channel as the chain has it, in the token's smallest unit. */
export interface ChannelState {
  /** Everything that was paid in, less what went back to the payer. */
  balance: bigint;
  /** Sum of all claims: of the balance, this is the receiver's. */
  claimed: bigint;
  /** Unix seconds; `availableAt`: from then on the payer can end it. */
  withdrawal: { amount: bigint; startedAt: number; availableAt: number } | null;
}

/** A signed deposit of a channel's payer: with the same salt it is made once. */
export interface ChannelDeposit {
  amount: bigint;
  /** 32 bytes. */
  salt: Hex;
  /** Unix seconds. */
  validBefore: bigint;
}

/** A voucher, and the sum of all claims that it is to bring the channel to. */
export interface ChannelClaim {
  config: ChannelConfig;
  /** What the payer has signed: the most that all claims of the channel may sum up to. */
  ceiling: bigint;
  signature: Hex;
  /** At most the ceiling. */
  claimed: bigint;
}

/** Contracts of payment channels. */
export interface ChannelContracts {
  /** The published contract, or ours of the same interface. */
  channels: Address;
  /** Takes deposits that their payer has signed. */
  collector: Address;
}

/**
 * Prepaid channels: a payer deposits once, signs a voucher for each call (the sum of everything so far), and the receiver
 * claims the last one. Methods that need the contracts throw `E_CHAIN_NO_CHANNELS` if the network has none.
 */
export interface ChannelChain {
  /** Null if the network has no contracts of channels. */
  channelContracts(): Promise<ChannelContracts | null>;
  channelId(config: ChannelConfig): Promise<Hex>;
  /** A channel that was never paid into is empty. */
  channel(config: ChannelConfig): Promise<ChannelState>;
  /** Claimed for a receiver, and not passed on to it yet. */
  unsettled(receiver: Address, token: Address): Promise<bigint>;
  /** Sign, as this account, that the receiver may claim `ceiling` of everything that was ever in the channel. */
  signVoucher(config: ChannelConfig, ceiling: bigint): Promise<Hex>;
  /** Whether the channel's key has signed this; of keys alone: signatures of contracts (ERC-1271) are not taken. */
  isVoucherOf(config: ChannelConfig, ceiling: bigint, signature: Hex): Promise<boolean>;
  /**
   * Pay into a channel of this account, which is open with its first deposit.
   * @throws ChorusError `E_CHAIN_STAKE_REQUIRED` for want of the token, `E_CHAIN_ALREADY_DONE` if it was made before
   */
  depositToChannel(config: ChannelConfig, deposit: ChannelDeposit): Sent<{ balance: bigint }>;
  /** What became of a deposit. @param fromBlock one at which it was not made yet */
  depositState(config: ChannelConfig, deposit: ChannelDeposit, fromBlock: number): Promise<TransferState>;
  /**
   * Claim vouchers as their receiver's authorizer, at most {@link MOST_CLAIMS}, and pass on what was claimed to the
   * receivers: one transaction, all of it or nothing.
   * @returns what is new, summed over all claims
   */
  claimFromChannels(claims: readonly ChannelClaim[]): Sent<{ claimed: bigint }>;
  /** Start to withdraw what is not claimed, as the payer. */
  startWithdrawal(config: ChannelConfig, amount: bigint): Sent<{ availableAt: number }>;
  /** End it after the delay. `amount` is less than asked for if claims came in between. */
  finishWithdrawal(config: ChannelConfig): Sent<{ amount: bigint }>;
  /** Give back to the payer at once what is not claimed, as the receiver's authorizer; at most `amount`. */
  refundChannel(config: ChannelConfig, amount: bigint): Sent<{ amount: bigint }>;
}

/** What the payer signs for each call, in the domain of the contract (EIP-712). */
export const VOUCHER_TYPES = {
  Voucher: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'maxClaimableAmount', type: 'uint128' },
  ],
};

/** What the id of a channel is the hash of, likewise. */
export const CHANNEL_TYPES = {
  ChannelConfig: [
    { name: 'payer', type: 'address' },
    { name: 'payerAuthorizer', type: 'address' },
    { name: 'receiver', type: 'address' },
    { name: 'receiverAuthorizer', type: 'address' },
    { name: 'token', type: 'address' },
    { name: 'withdrawDelay', type: 'uint40' },
    { name: 'salt', type: 'bytes32' },
  ],
};

/** Name and version of that domain. */
export const CHANNEL_DOMAIN = { name: 'x402 Batch Settlement', version: '1' };
