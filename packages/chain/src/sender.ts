import { setTimeout as delay } from 'node:timers/promises';
import type { Address, Hex, Receipt } from '@chorus/protocol';
import { type JsonRpcProvider, type Log, type Signer, Transaction, type TransactionReceipt } from 'ethers';
import { ChainError, toChainError } from './errors.ts';
import { type PendingTransaction, resumeTransactions, type TransactionStore } from './outbox.ts';
import { read } from './rpc.ts';

/** A transaction that is not mined by then is given up on; it may still be mined later. */
const MINED_TIMEOUT_MS = 180_000;

/** Attempts to hand over one signed transaction. Handing the same one over twice is harmless. */
const BROADCAST_ATTEMPTS = 5;

/** Attempts with a fresh nonce after another process took ours. */
const NONCE_ATTEMPTS = 3;

export interface SenderOptions {
  provider: JsonRpcProvider;
  signer: Signer;
  chainId: number;
  account: Address;
  pollMilliseconds: number;
  signal: AbortSignal;
  /** Keeps each transaction from before it is sent; those of an earlier run are looked up first. */
  transactions?: TransactionStore;
}

export interface Mined extends Receipt {
  logs: readonly Log[];
}

/**
 * Sends the transactions of one account, one after the other: each has the nonce after the one before it,
 * and nothing is sent twice, because what is repeated after a failure is the same signed transaction.
 */
export class Sender {
  readonly #options: SenderOptions;
  #last: Promise<unknown> = Promise.resolve();
  #resumed: boolean;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#resumed = options.transactions === undefined;
  }

  /** Find out what became of the transactions of an earlier run; writes wait for it. */
  resume(): Promise<void> {
    return this.exclusive(async () => {});
  }

  /** Run `job` after all earlier ones; an approval and the call it is for stay together. */
  exclusive<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#resume()).then(job);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /**
   * Send and wait until mined. Call it inside `exclusive`.
   * @throws ChainError with the decoded reason; a refusal found while estimating gas costs nothing
   */
  async send(action: string, to: Address, data: string): Promise<Mined> {
    const { provider, account } = this.#options;
    const call = { from: account, to, data };
    const estimate = await read(action, () => provider.estimateGas(call), this.#options.signal);
    // The state may change before the transaction is mined: the one that turns out to be the last of its
    // phase also pays for the next phase's start. Gas that is not used is not paid.
    const gasLimit = (estimate * 3n) / 2n + 400_000n;
    for (let attempt = 1; ; attempt++) {
      const signed = await this.#sign(action, { to, data, gasLimit });
      const pending = await this.#remember(action, { to, data: data as Hex }, signed);
      try {
        await this.#broadcast(action, signed);
      } catch (error) {
        const expired = (error as { code?: unknown }).code === 'NONCE_EXPIRED';
        const unknown = !expired && toChainError(error, action).code === 'E_CHAIN_UNREACHABLE';
        // Where the chain did not answer it may have arrived: it is looked up before anything else is signed.
        if (unknown) this.#resumed = false;
        else await this.#options.transactions?.delete(pending);
        if (expired && attempt < NONCE_ATTEMPTS) continue;
        throw toChainError(error, action);
      }
      this.#resumed = false;
      const receipt = await this.#mined(action, signed.hash!);
      this.#resumed = true;
      await this.#options.transactions?.delete(pending);
      if (receipt.status === 1) {
        return {
          transaction: receipt.hash as Hex,
          block: receipt.blockNumber,
          gasUsed: receipt.gasUsed,
          logs: receipt.logs,
        };
      }
      throw await this.#reasonOf(action, call, receipt);
    }
  }

  /** At the start, and after a transaction whose outcome was not learnt; where it fails, the next write tries again. */
  async #resume(): Promise<void> {
    const { provider, chainId, account, transactions, signal } = this.#options;
    if (this.#resumed || !transactions) return;
    const mined = (action: string, hash: Hex) => this.#mined(action, hash);
    await resumeTransactions({ provider, chainId, account, transactions, signal, mined });
    this.#resumed = true;
  }

  /** Before it is sent. */
  async #remember(
    action: string,
    call: { to: Address; data: Hex },
    signed: Transaction,
  ): Promise<PendingTransaction> {
    const { chainId, account, transactions } = this.#options;
    const bytes = [signed.serialized as Hex];
    const pending = {
      chainId,
      account,
      nonce: signed.nonce,
      action,
      ...call,
      signed: bytes,
      since: Date.now(),
    };
    await transactions?.put(pending);
    return pending;
  }

  async #sign(action: string, fields: { to: Address; data: string; gasLimit: bigint }): Promise<Transaction> {
    const { provider, signer, chainId, account, signal } = this.#options;
    const [nonce, fees] = await read(
      action,
      () => Promise.all([provider.getTransactionCount(account, 'pending'), provider.getFeeData()]),
      signal,
    );
    const price =
      fees.maxFeePerGas === null || fees.maxPriorityFeePerGas === null
        ? { type: 0, gasPrice: fees.gasPrice }
        : { type: 2, maxFeePerGas: fees.maxFeePerGas, maxPriorityFeePerGas: fees.maxPriorityFeePerGas };
    return Transaction.from(await signer.signTransaction({ ...fields, ...price, nonce, chainId }));
  }

  /** Throws ethers' error `NONCE_EXPIRED` only where this transaction can never be mined. */
  async #broadcast(action: string, signed: Transaction): Promise<void> {
    const { provider, signal } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        await provider.send('eth_sendRawTransaction', [signed.serialized]);
        return;
      } catch (error) {
        // It may have arrived although the answer did not, or have been refused as already known.
        const known = await read(action, () => provider.getTransaction(signed.hash!), signal).catch(
          () => null,
        );
        if (known !== null) return;
        if (isNonceExpired(error)) throw Object.assign(new Error('nonce taken'), { code: 'NONCE_EXPIRED' });
        const reason = toChainError(error, action);
        if (reason.code !== 'E_CHAIN_UNREACHABLE' || attempt === BROADCAST_ATTEMPTS || signal.aborted)
          throw reason;
        await delay(200 * attempt);
      }
    }
  }

  async #mined(action: string, hash: string): Promise<TransactionReceipt> {
    const { provider, pollMilliseconds, signal } = this.#options;
    const until = Date.now() + MINED_TIMEOUT_MS;
    while (Date.now() < until) {
      const receipt = await read(action, () => provider.getTransactionReceipt(hash), signal);
      if (receipt !== null) return receipt;
      await delay(pollMilliseconds, undefined, { signal }).catch(() => {
        throw new ChainError('E_CHAIN_UNREACHABLE', 'closed while a transaction was pending', {
          facts: { action, transaction: hash },
        });
      });
    }
    throw new ChainError('E_CHAIN_UNREACHABLE', 'the transaction was not mined in time', {
      facts: { action, transaction: hash, seconds: MINED_TIMEOUT_MS / 1000 },
      hint: 'it may still be mined: look at the state of the chain before acting again',
    });
  }

  /** Why a mined transaction failed: the same call on the state it left, which is where it still fails. */
  async #reasonOf(action: string, call: object, receipt: TransactionReceipt): Promise<ChainError> {
    try {
      await this.#options.provider.call(call);
    } catch (error) {
      return toChainError(error, action);
    }
    return new ChainError('E_CHAIN_REVERTED', 'the transaction was mined but failed', {
      facts: { action, transaction: receipt.hash, block: receipt.blockNumber },
      hint: 'the state changed between estimate and block: look at it before acting again',
    });
  }
}

function isNonceExpired(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === 'NONCE_EXPIRED' || /nonce too low/i.test(String(message));
}
