import type { Address, Hex } from '@chorus/protocol';
import { type JsonRpcProvider, Transaction } from 'ethers';
import { toChainError } from './errors.ts';
import { read } from './rpc.ts';

/** A signed transaction whose outcome is not known yet. */
export interface PendingTransaction {
  chainId: number;
  account: Address;
  nonce: number;
  /** What it is for, in words. */
  action: string;
  to: Address;
  data: Hex;
  /** The signed bytes handed to the network. */
  signed: Hex[];
  /** When it was signed, milliseconds since 1970. */
  since: number;
}

/**
 * Keeps signed transactions from before their broadcast until their outcome is known, so that a process that
 * ended in between looks the outcome up instead of sending again. One store belongs to one process.
 */
export interface TransactionStore {
  /** Insert, or replace the entry of the same chain, account and nonce. What it throws keeps it from being sent. */
  put(transaction: PendingTransaction): Promise<void>;
  delete(transaction: Pick<PendingTransaction, 'chainId' | 'account' | 'nonce'>): Promise<void>;
  /** Entries of an account, by nonce. */
  list(chainId: number, account: Address): Promise<PendingTransaction[]>;
}

export interface ResumeOptions {
  provider: JsonRpcProvider;
  chainId: number;
  account: Address;
  transactions: TransactionStore;
  signal: AbortSignal;
  /** Waits until the transaction is mined. */
  mined: (action: string, hash: Hex) => Promise<unknown>;
}

/**
 * Find out what became of an earlier run's transactions, before anything new is signed.
 *
 * One that the chain does not know was not handed over, or was dropped. It is handed over as it was signed, never
 * signed anew, so that it and its repetition cannot both be mined; unless it would fail by now, when it is left.
 */
export async function resumeTransactions(options: ResumeOptions): Promise<void> {
  const { provider, chainId, account, transactions, signal, mined } = options;
  for (const pending of await transactions.list(chainId, account)) {
    const sent = Transaction.from(pending.signed.at(-1)!);
    const hash = sent.hash as Hex;
    const used = await read('read the nonce', () => provider.getTransactionCount(account, 'latest'), signal);
    const receipt = await read('look up a transaction', () => provider.getTransactionReceipt(hash), signal);
    if (!receipt && used <= pending.nonce) {
      const known = await read('look up a transaction', () => provider.getTransaction(hash), signal);
      if (known || (await handOver(provider, sent))) await mined(pending.action, hash);
    }
    await transactions.delete(pending);
  }
}

/** False where it would fail, or the chain does not take it: it is given up then. */
async function handOver(provider: JsonRpcProvider, sent: Transaction): Promise<boolean> {
  const { from, to, data } = sent;
  try {
    await provider.call({ from, to, data });
    await provider.send('eth_sendRawTransaction', [sent.serialized]);
    return true;
  } catch (error) {
    const reason = toChainError(error, 'send a transaction again');
    if (reason.code === 'E_CHAIN_UNREACHABLE') throw reason;
    return false;
  }
}
