import type { Hex } from '@chorus/protocol';
import { Transaction, type TransactionResponse } from 'ethers';
import { openProvider, read } from '../rpc/rpc.ts';

/**
 * A whole transaction as it was signed, whose keccak256 is its hash; null if the endpoint no longer has it, or it is of a
 * kind that this version cannot write down.
 * @throws ChainError `E_CHAIN_UNREACHABLE`
 */
export async function readRawTransaction({ url, hash }: { url: string; hash: Hex }): Promise<Hex | null> {
  const { provider } = await openProvider(url);
  try {
    const found = await read('read a transaction', () => provider.getTransaction(hash));
    return found && serializedOf(found, hash);
  } finally {
    provider.destroy();
  }
}

function serializedOf(found: TransactionResponse, hash: Hex): Hex | null {
  try {
    const { serialized, hash: written } = Transaction.from(found);
    return written === hash ? (serialized as Hex) : null;
  } catch {
    // A kind that the library does not know, or fields that do not fit the hash.
    return null;
  }
}
