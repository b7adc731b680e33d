import { createHash } from 'node:crypto';
import type { ChannelConfig, Hex } from '@chorus/protocol';

/** A voucher as its payer signed it: the receiver may claim `ceiling` of everything that was ever in the channel. */
export interface SignedVoucher {
  channelId: Hex;
  config: ChannelConfig;
  ceiling: bigint;
  signature: Hex;
}

/** A voucher is known by its channel and its sum: each sum pays for one call. */
export const voucherNonce = (channelId: Hex, ceiling: bigint): Hex =>
  `0x${createHash('sha256').update(`voucher ${channelId.toLowerCase()} ${ceiling}`).digest('hex')}`;

/** Reasons of x402 for a voucher that is refused, and those that it has no name for in words. */
export const REFUSED = {
  authorizer: 'invalid_batch_settlement_evm_receiver_authorizer_mismatch',
  balance: 'invalid_batch_settlement_evm_cumulative_exceeds_balance',
  cumulative: 'invalid_batch_settlement_evm_cumulative_amount_mismatch',
  delay: 'invalid_batch_settlement_evm_withdraw_delay_mismatch',
  id: 'invalid_batch_settlement_evm_channel_id_mismatch',
  missing: 'invalid_batch_settlement_evm_channel_not_found',
  network: 'invalid_batch_settlement_evm_network_mismatch',
  receiver: 'invalid_batch_settlement_evm_receiver_mismatch',
  scheme: 'invalid_batch_settlement_evm_scheme',
  signature: 'invalid_batch_settlement_evm_voucher_signature',
  token: 'invalid_batch_settlement_evm_token_mismatch',
  // The contract asks the code of such a payer, and a key can be given code at any time (EIP-7702): then nothing that it
  // has signed could be claimed.
  key: 'the channel must name the key that signs its vouchers (payerAuthorizer)',
  closing: 'the payer is closing the channel: nothing more is served on it',
} as const;
