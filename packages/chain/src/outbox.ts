import type { Hex } from '@chorus/protocol';
import { type JsonRpcProvider, Transaction } from 'ethers';
import { toChainError } from './errors.ts';
import { read } from './rpc.ts';

/** A signed transaction. Handing over the same one again is harmless: its nonce can be used once. */
export interface OutboxTransaction {
  hash: Hex;
  nonce: number;
  /** What it is for, in words. */
  action: string;
  /** As handed to the chain. */
  raw: Hex;
}

/** What became of a transaction: mined, mined but reverted, or never to be mined. */
export type TransactionOutcome = 'mined' | 'failed' | 'replaced';

/** Where the transactions of an account are recorded, so that none is sent twice after a crash. */
export interface Outbox {
  /** Called before the transaction is sent; what it throws keeps it from being sent. */
  signed(transaction: OutboxTransaction): void;
  settled(hash: Hex, outcome: TransactionOutcome): void;
  /** Those whose outcome is not known, in the order of their nonces. */
  unsettled(): OutboxTransaction[];
}

export interface ResumeOptions {
  provider: JsonRpcProvider;
  chainId: number;
  outbox: Outbox;
  signal: AbortSignal;
  /** Waits until the transaction is mined. */
  mined: (action: string, hash: Hex) => Promise<{ status: number | null }>;
}

/**
 * Find out what became of an earlier run's transactions, before anything new is signed.
 *
 * One that the chain does not know was not handed over, or was dropped. It is handed over as it was signed, never
 * signed anew, so that it and its repetition cannot both be mined; unless it would fail by now, when it is left.
 */
export async function resumeOutbox({
  provider,
  chainId,
  outbox,
  signal,
  mined,
}: ResumeOptions): Promise<void> {
  for (const { hash, nonce, action, raw } of outbox.unsettled()) {
    const receiptOf = () => read('look up a transaction', () => provider.getTransactionReceipt(hash), signal);
    const sent = Transaction.from(raw);
    // The outbox of another chain: nothing can be said of it here.
    if (sent.chainId !== BigInt(chainId)) continue;
    const used = await read(
      'read the nonce',
      () => provider.getTransactionCount(sent.from!, 'latest'),
      signal,
    );
    let receipt: { status: number | null } | null = await receiptOf();
    if (!receipt && used <= nonce) {
      const known = await read('look up a transaction', () => provider.getTransaction(hash), signal);
      if (known || (await handOver(provider, sent))) receipt = await mined(action, hash);
    }
    outbox.settled(hash, receipt ? (receipt.status === 1 ? 'mined' : 'failed') : 'replaced');
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
