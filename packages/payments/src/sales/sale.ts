import type { Address, Hex, SignedTransfer } from '@chorus/protocol';
import type { SignedVoucher } from '../channels/voucher.ts';

/**
 * How far a paid call is. `settling`: its transfer is about to be sent, or was; `settled`: paid, and the work is owed;
 * `running`: the work has begun; `answered`: it was done; `void`: its transfer was refused, and nothing was paid.
 */
export type SaleState = 'settling' | 'settled' | 'running' | 'answered' | 'void';

/** Which payment it is: a payer uses a nonce of a token once. That of a voucher follows from its channel and its sum. */
export interface SaleKey {
  chainId: number;
  token: Address;
  payer: Address;
  nonce: Hex;
}

/** One call that was, or is to be, paid for. */
export interface Sale extends SaleKey {
  /** The payer's own id of the payment (extension `payment-identifier`); null if it gave none. */
  id: string | null;
  /** Digest of the payment document, with its signature and its id. */
  payment: string;
  /** Digest of the request that is paid for. */
  request: string;
  /** Who asked: `peer:<peer id>` or `anonymous`. */
  caller: string;
  agent: string;
  resource: string;
  payee: Address;
  amount: bigint;
  /** What the payer has signed: a transfer for this call, or a voucher of a channel. */
  proof: SignedTransfer | SignedVoucher;
  /** A block at which the payment was not made yet. */
  fromBlock: number;
  state: SaleState;
  /** Times that the work has begun. */
  tries: number;
  /** ms since 1970. */
  at: number;
  answeredAt: number | null;
  transaction: Hex | null;
  block: number | null;
  /** Why it is void. */
  reason: string | null;
  /** The last receipt, as a compact JWS. */
  receipt: string | null;
}

/** An answer that is kept for the payer that asks again with the same payment id. */
export interface KeptAnswer {
  status: number;
  contentType: string;
  body: Uint8Array;
}

export const keyText = ({ chainId, token, payer, nonce }: SaleKey): string =>
  `${chainId}/${token}/${payer}/${nonce}`.toLowerCase();
