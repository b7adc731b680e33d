import type { Address, Hex } from '../hex.ts';
import type { Sent } from './transaction.ts';

/** A transfer that its payer signs and anyone may send, once (EIP-3009, `transferWithAuthorization`). */
export interface TransferAuthorization {
  token: Address;
  from: Address;
  to: Address;
  /** In the token's smallest unit. */
  value: bigint;
  /** Unix seconds; the transfer can be made after `validAfter` and before `validBefore`. */
  validAfter: bigint;
  validBefore: bigint;
  /** 32 bytes, chosen by the payer; used once by each payer. */
  nonce: Hex;
}

/** What the payer of such a transfer signs, in the token's domain (EIP-712). */
export const TRANSFER_TYPES = {
  TransferWithAuthorization: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
  ],
};

/** An authorization with the payer's EIP-712 signature, 65 bytes. */
export interface SignedTransfer extends TransferAuthorization {
  signature: Hex;
}

/** What a token calls itself in signatures (EIP-712, read by EIP-5267). */
export interface TokenDomain {
  name: string;
  version: string;
}

/** What became of an authorization. */
export type TransferState =
  | { state: 'unused' }
  /** The very transfer was made, by this account or by anyone else. */
  | { state: 'made'; transaction: Hex; block: number }
  /** The payer cancelled its nonce, or used it for another transfer. */
  | { state: 'void' };

/** Payments by signature: the payer signs a transfer, and the payee sends it. */
export interface PaymentChain {
  /** @throws ChorusError `E_CHAIN_TOKEN` for a token that does not state its domain (EIP-5267) */
  tokenDomain(token: Address): Promise<TokenDomain>;
  /** Sign a transfer of this account. Nothing is sent, and no gas is paid. */
  signTransfer(transfer: Omit<TransferAuthorization, 'from'>): Promise<SignedTransfer>;
  /**
   * Try the transfer on the current state; nothing is sent.
   * @returns the latest block before it was tried
   * @throws ChorusError why the chain would refuse it: `E_CHAIN_INVALID_SIGNATURE` (signature or time),
   *   `E_CHAIN_ALREADY_DONE` (nonce used or cancelled), `E_CHAIN_STAKE_REQUIRED` (the payer's balance)
   */
  tryTransfer(transfer: SignedTransfer): Promise<{ block: number }>;
  /**
   * Send the transfer, and wait until it is mined.
   * @throws ChorusError as `tryTransfer`; `E_CHAIN_NOT_MINED` while the outcome is open
   */
  sendTransfer(transfer: SignedTransfer): Sent;
  /** @param fromBlock searched from this block on: one at which the authorization was still unused */
  transferState(transfer: TransferAuthorization, fromBlock: number): Promise<TransferState>;
}
