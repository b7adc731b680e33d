import type { SignedTransfer, TransferAuthorization } from '@chorus/protocol';
import { Interface, Signature } from 'ethers';

/** Events and views of EIP-3009 that every such token has. */
export const EIP3009 = new Interface([
  'event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'function authorizationState(address authorizer, bytes32 nonce) view returns (bool)',
]);

/** The signed message of a transfer. */
export const messageOf = ({ from, to, value, validAfter, validBefore, nonce }: TransferAuthorization) => ({
  from,
  to,
  value,
  validAfter,
  validBefore,
  nonce,
});

/**
 * Arguments of `transferWithAuthorization`.
 * @throws TypeError if the signature is not one
 */
export function transferArgs(transfer: SignedTransfer): unknown[] {
  const { v, r, s } = Signature.from(transfer.signature);
  return [...Object.values(messageOf(transfer)), v, r, s];
}
