import { refusal } from '@chorus/chain';
import type { Hex, SignedTransfer, TransferAuthorization, TransferState } from '@chorus/protocol';
import { type TypedDataDomain, verifyTypedData, type Wallet } from 'ethers';
import { TRANSFER } from '../typed-data.ts';
import { lower, type MemoryLedger } from './ledger.ts';

/** EIP-3009 of the ledger's tokens, a second implementation of its rules. */

export const TOKEN_DOMAIN = { name: 'Twin', version: '1' };

type Made = Pick<TransferAuthorization, 'token' | 'from' | 'to' | 'value'> & {
  transaction: Hex;
  block: number;
  at: number;
};
export type MadeTransfers = Map<string, Made>;

export const transferKey = ({ token, from, nonce }: TransferAuthorization) =>
  [token, from, nonce].join('/').toLowerCase();

const domainOf = (ledger: MemoryLedger, verifyingContract: string): TypedDataDomain => ({
  ...TOKEN_DOMAIN,
  chainId: ledger.chainId,
  verifyingContract,
});

function messageOf({ token: _, ...message }: TransferAuthorization & { signature?: Hex }) {
  const { signature: __, ...fields } = message;
  return fields;
}

export async function signTransfer(
  ledger: MemoryLedger,
  wallet: Wallet,
  transfer: Omit<TransferAuthorization, 'from'>,
): Promise<SignedTransfer> {
  const own = { ...transfer, from: lower(wallet.address) };
  const signature = await wallet.signTypedData(domainOf(ledger, own.token), TRANSFER, messageOf(own));
  return { ...own, signature: signature as Hex };
}

/** Refuses as the token does. */
export function checkTransfer(ledger: MemoryLedger, transfer: SignedTransfer): void {
  const { token, from, value, validAfter, validBefore, nonce, signature } = transfer;
  const action = 'take a payment';
  let signer = '';
  try {
    signer = verifyTypedData(domainOf(ledger, token), TRANSFER, messageOf(transfer), signature);
  } catch {
    // Not a signature at all.
  }
  if (lower(signer) !== lower(from)) throw refusal('ERC3009InvalidSignature', action, {});
  const now = BigInt(ledger.now());
  if (now <= validAfter || now >= validBefore) {
    throw refusal('ERC3009InvalidAuthorizationTime', action, { validAfter, validBefore });
  }
  if (ledger.transfers.has(transferKey(transfer))) {
    throw refusal('ERC3009UsedAuthorization', action, { authorizer: from, nonce });
  }
  const balance = ledger.balance(token, from);
  if (balance < value) throw refusal('ERC20InsufficientBalance', action, { balance, needed: value });
}

/** An authorization was used, in the transaction under way. */
export function noteTransfer(ledger: MemoryLedger, transfer: TransferAuthorization): void {
  const { token, from, to, value } = transfer;
  ledger.transfers.set(transferKey(transfer), { token, from, to, value, at: ledger.now(), ...ledger.next() });
}

export async function sendTransfer(ledger: MemoryLedger, transfer: SignedTransfer) {
  return ledger.transact(() => {
    checkTransfer(ledger, transfer);
    const { token, from, to, value } = transfer;
    ledger.money.transfer(token, from, to, value, 'take a payment');
    noteTransfer(ledger, transfer);
    return {};
  });
}

export function transferState(ledger: MemoryLedger, transfer: TransferAuthorization): TransferState {
  const made = ledger.transfers.get(transferKey(transfer));
  if (!made) return { state: 'unused' };
  const { to, value, transaction, block } = made;
  if (lower(to) !== lower(transfer.to) || value !== transfer.value) return { state: 'void' };
  return { state: 'made', transaction, block };
}
