import type { Address, Hex, TransferAuthorization } from '@chorus/protocol';

/**
 * How far a purchase is. `intent`: written down, not signed; `signed`: the seller may have the money; `answered`: the
 * call was answered; `refused`: the seller did not take the payment, as it says; `void`: nothing was paid, as the chain
 * says.
 */
export type PurchaseState = 'intent' | 'signed' | 'answered' | 'refused' | 'void';

/** One call of another's agent that this account pays for. */
export interface Purchase {
  /** Id of the payment, sent with it. */
  id: string;
  /** What the user wants, the same when a command is repeated. */
  intent: string;
  /** Digest of the request. */
  request: string;
  /** The address by which the agent is called. */
  agent: string;
  /** What the seller says is paid for. */
  resource: string;
  chainId: number;
  token: Address;
  payee: Address;
  amount: bigint;
  nonce: Hex;
  /** The channel that pays, and the sum that its voucher states; null: a transfer of its own pays. */
  channel: { id: Hex; ceiling: bigint } | null;
  /** Unix seconds. */
  validAfter: number;
  validBefore: number;
  state: PurchaseState;
  /** The payment as it is sent; null until it is signed. */
  header: string | null;
  /** ms since 1970. */
  at: number;
  endedAt: number | null;
  /** As the seller says. */
  transaction: string | null;
  receipt: string | null;
  /** Digest of the answer as it was read; null if not all of it was. */
  output: string | null;
  reason: string | null;
}

export const transferOf = (
  { token, payee: to, amount: value, nonce, validAfter, validBefore }: Purchase,
  from: Address,
): TransferAuthorization => ({
  token,
  from,
  to,
  value,
  validAfter: BigInt(validAfter),
  validBefore: BigInt(validBefore),
  nonce,
});
