import { setTimeout as delay } from 'node:timers/promises';
import type { Address, Hex, Receipt } from '@chorus/protocol';
import { type JsonRpcProvider, type Log, type Signer, Transaction, type TransactionReceipt } from 'ethers';
import pLimit from 'p-limit';
import { ChainError, toChainError } from '../errors/errors.ts';
import { isDevChain, read } from '../rpc/rpc.ts';
import { capOf, capped, type FeePolicy, offerOf, type Price, priceOf, replacementOf } from './fees.ts';
import { memoryTransactionStore, type PendingTransaction, type TransactionStore } from './journal.ts';

/** Attempts to broadcast one signed transaction. Broadcasting the same one twice is harmless. */
const BROADCAST_ATTEMPTS = 5;

/** Attempts with a fresh nonce after another process took this one's. */
const NONCE_ATTEMPTS = 3;

/** Idempotency window: within it, a call equal to an unanswered one in the store counts as the same call. */
const SAME_CALL_MS = 3_600_000;

/** Transactions that may wait for a block at a time: pools keep few of one account. */
const MOST_AHEAD = 16;

const MINED_TIMEOUT_MS = 180_000;
const BUMP_MS = 30_000;
const DEV_BUMP_MS = 2_000;

export interface SenderOptions {
  provider: JsonRpcProvider;
  signer: Signer;
  chainId: number;
  account: Address;
  pollMilliseconds: number;
  signal: AbortSignal;
  /** Store of signed transactions until their outcome is known; by default in memory. */
  transactions?: TransactionStore | undefined;
  fees?: Partial<FeePolicy> | undefined;
  /** Called with the cost of each mined transaction, in wei. */
  onPaid?: ((wei: bigint) => void) | undefined;
}

export interface Mined extends Receipt {
  /** Price of a unit of gas, in wei. */
  gasPrice: bigint;
  logs: readonly Log[];
}

interface Call {
  to: Address;
  data: Hex;
  gasLimit: bigint;
}

/**
 * Sends the transactions of one account, one after the other, each with the nonce after the one before it; those that may
 * be made in any order (`sendAhead`) without waiting until the one before it is mined.
 *
 * Nothing is sent twice: a transaction is stored before its broadcast; a repeat sends the same signed bytes, and a
 * replacement (if it pays too little to be mined) has the same nonce, so the chain mines at most one. After a crash,
 * or after a call that ended without an answer, the next one first looks up the outcome.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #store: TransactionStore;
  readonly #fees: FeePolicy;
  readonly #turns = pLimit(1);
  readonly #places = pLimit(MOST_AHEAD);
  /** Transactions that others need not wait for, by what they call. */
  readonly #ahead = new Map<string, Promise<Mined>>();
  readonly #aheadNonces = new Set<number>();
  /** The chain's count may lag behind on an endpoint of many nodes: never reuse a nonce that was mined. */
  #nextNonce = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#store = options.transactions ?? memoryTransactionStore();
    this.#fees = {
      bumpAfterMilliseconds: isDevChain(options.chainId) ? DEV_BUMP_MS : BUMP_MS,
      minedTimeoutMilliseconds: MINED_TIMEOUT_MS,
      ...options.fees,
    };
  }

  /** Run `job` after all earlier ones; an approval and its call stay together. */
  exclusive<T>(job: () => Promise<T>): Promise<T> {
    return this.#turns(job);
  }

  /**
   * Send and wait until mined. Call it inside `exclusive`.
   * @throws ChainError with the decoded reason; a refusal found while estimating gas costs nothing.
   * `E_CHAIN_NOT_MINED` if the outcome is open: repeating the call waits for the same transaction.
   * `E_CHAIN_NONCE_TAKEN` if another process of this account sent another transaction with its nonce.
   */
  async send(action: string, to: Address, data: string, gas?: bigint): Promise<Mined> {
    const call = { to, data: data as Hex };
    const earlier = await this.lookUp(action, call.to, call.data);
    if (earlier !== null) return earlier;
    const gasLimit = gas ?? (await this.#estimate(action, call));
    const pending = await this.#sent(action, { ...call, gasLimit });
    return this.#finish(pending, await this.#mined(pending));
  }

  /**
   * Send and wait until mined, but leave the turn to others once it is sent: up to 16 such transactions share a block. For
   * calls that do not depend on each other, and that the contract itself makes at most once. Call it outside of `exclusive`.
   * Equal calls at a time are one.
   * @param gas asked for when it is its turn
   * @throws ChainError as `send`
   */
  sendAhead(action: string, to: Address, data: string, gas: () => Promise<bigint>): Promise<Mined> {
    const key = `${to} ${data}`;
    const present = this.#ahead.get(key);
    if (present) return present;
    const sent = this.#places(() => this.#sendAhead(action, to, data as Hex, gas)).finally(() =>
      this.#ahead.delete(key),
    );
    this.#ahead.set(key, sent);
    return sent;
  }

  async #sendAhead(action: string, to: Address, data: Hex, gas: () => Promise<bigint>): Promise<Mined> {
    const begun = await this.exclusive(async () => {
      const mined = await this.lookUp(action, to, data);
      if (mined) return { mined };
      const pending = await this.#sent(action, { to, data, gasLimit: await gas() });
      this.#aheadNonces.add(pending.nonce);
      return { pending };
    });
    if (begun.mined) return begun.mined;
    const { pending } = begun;
    try {
      return await this.#finish(pending, await this.#mined(pending));
    } finally {
      // If its outcome is open, the next call looks it up.
      this.#aheadNonces.delete(pending.nonce);
    }
  }

  /** Sign, store and broadcast; the next transaction has the nonce after it. */
  async #sent(action: string, call: Call): Promise<PendingTransaction> {
    for (let attempt = 1; ; attempt++) {
      const pending = await this.#sign(action, call);
      try {
        await this.#broadcast(action, pending.signed[0]!);
      } catch (error) {
        // The node refused it, so it is never mined: only a broken connection leaves that open.
        if ((error as ChainError).code !== 'E_CHAIN_UNREACHABLE') await this.#store.delete(pending);
        if (isNonceUsed(error) && attempt < NONCE_ATTEMPTS) continue;
        throw isNonceUsed(error) ? nonceTaken(pending, error) : error;
      }
      this.#nextNonce = Math.max(this.#nextNonce, pending.nonce + 1);
      return pending;
    }
  }

  /** Gas for a call: its cost on the current state, and a margin for changes before it is mined. */
  async #estimate(action: string, call: { to: Address; data: Hex }): Promise<bigint> {
    const { provider, account, signal } = this.#options;
    const estimate = await read(action, () => provider.estimateGas({ from: account, ...call }), signal);
    // The transaction that turns out to be the last of its phase also pays for the next phase's start. Unused gas
    // costs nothing.
    return (estimate * 3n) / 2n + 400_000n;
  }

  /**
   * The outcome of the same call, if it was sent before and never answered; null if it must be sent. Call it inside
   * `exclusive`.
   */
  async lookUp(action: string, to: Address, data: string): Promise<Mined | null> {
    const { chainId, account } = this.#options;
    const all = await this.#store.list(chainId, account);
    for (const pending of all) {
      // Who sent it waits for it.
      if (this.#aheadNonces.has(pending.nonce)) continue;
      const same = pending.to === to && pending.data === data && Date.now() - pending.since < SAME_CALL_MS;
      let receipt = await this.#receiptOf(pending);
      if (receipt === null && (await this.#nonceUsed(pending))) {
        // It was mined between the two requests, or another transaction took its nonce.
        receipt = await this.#receiptOf(pending);
        if (receipt === null) {
          await this.#store.delete(pending);
          continue;
        }
      }
      if (receipt === null) {
        // A forgotten call gives way: the next one has its nonce, so at most one of both is mined. Those that the pool still
        // has after it would wait for that nonce for ever: then it is sent again.
        if (!same && !(await this.#isKnown(pending)) && !(await this.#isAwaited(pending, all))) {
          this.#nextNonce = Math.min(this.#nextNonce, pending.nonce);
          continue;
        }
        await this.#offer(action, pending.signed.at(-1)!);
        receipt = await this.#mined(pending);
      }
      if (same && receipt.status === 1) return this.#finish(pending, receipt);
      this.#nextNonce = Math.max(this.#nextNonce, pending.nonce + 1);
      await this.#store.delete(pending);
    }
    return null;
  }

  async #sign(action: string, call: Call): Promise<PendingTransaction> {
    const { provider, chainId, account, signal } = this.#options;
    const [count, fees] = await read(
      action,
      () => Promise.all([provider.getTransactionCount(account, 'pending'), provider.getFeeData()]),
      signal,
    );
    const nonce = Math.max(count, this.#nextNonce);
    const price = priceOf(fees);
    const offer = capped(price, capOf(price, this.#fees));
    const pending: PendingTransaction = {
      chainId,
      account,
      nonce,
      action,
      to: call.to,
      data: call.data,
      signed: [await this.#signed(call, nonce, offer)],
      since: Date.now(),
    };
    await this.#store.put(pending);
    return pending;
  }

  async #signed(call: Call, nonce: number, price: Price): Promise<Hex> {
    const { signer, chainId } = this.#options;
    const { to, data, gasLimit } = call;
    return (await signer.signTransaction({ to, data, gasLimit, nonce, chainId, ...price })) as Hex;
  }

  /** @throws ChainError: `E_CHAIN_UNREACHABLE` leaves open whether it arrived, everything else is a refusal */
  async #broadcast(action: string, signed: Hex): Promise<void> {
    const { provider, signal } = this.#options;
    const { hash } = Transaction.from(signed);
    for (let attempt = 1; ; attempt++) {
      try {
        await provider.send('eth_sendRawTransaction', [signed]);
        return;
      } catch (error) {
        // It may have arrived although the answer did not, or have been refused as already known.
        const known = await read(action, () => provider.getTransaction(hash!), signal).catch(() => null);
        if (known !== null) return;
        const reason = broadcastError(error, action);
        if (reason.code !== 'E_CHAIN_UNREACHABLE' || attempt === BROADCAST_ATTEMPTS || signal.aborted)
          throw reason;
        await delay(200 * attempt, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** True if the node accepted it. It may refuse because another version was mined: the receipts show that. */
  #offer(action: string, signed: Hex): Promise<boolean> {
    return this.#broadcast(action, signed).then(
      () => true,
      () => false,
    );
  }

  /** Wait for any of a transaction's versions, and raise the offer from time to time. */
  async #mined(pending: PendingTransaction): Promise<TransactionReceipt> {
    const { pollMilliseconds, signal } = this.#options;
    const { bumpAfterMilliseconds, minedTimeoutMilliseconds } = this.#fees;
    const until = Date.now() + minedTimeoutMilliseconds;
    let bumpAt = Date.now() + bumpAfterMilliseconds;
    while (Date.now() < until) {
      const receipt = await this.#receiptOf(pending);
      if (receipt !== null) return receipt;
      if (Date.now() >= bumpAt) {
        if (await this.#nonceUsed(pending)) {
          const late = await this.#receiptOf(pending);
          if (late !== null) return late;
          await this.#store.delete(pending);
          throw nonceTaken(pending);
        }
        await this.#push(pending);
        bumpAt = Date.now() + bumpAfterMilliseconds;
      }
      await delay(pollMilliseconds, undefined, { signal }).catch(() => {
        throw notMined('closed while a transaction was pending', pending);
      });
    }
    throw notMined('the transaction was not mined in time', pending);
  }

  /** Send a stuck transaction again if the node forgot it, else replace it by one that pays more. */
  async #push(pending: PendingTransaction): Promise<void> {
    const { provider, signal } = this.#options;
    const { action, signed } = pending;
    const last = Transaction.from(signed.at(-1)!);
    const forgotten = !(await this.#isKnown(pending));
    if (forgotten && (await this.#offer(action, signed.at(-1)!))) return;
    const fees = await read(action, () => provider.getFeeData(), signal);
    const cap = capOf(offerOf(Transaction.from(signed[0]!)), this.#fees);
    const price = replacementOf(offerOf(last), priceOf(fees), cap);
    if (price === null) return;
    const call = { to: pending.to, data: pending.data, gasLimit: last.gasLimit };
    pending.signed.push(await this.#signed(call, pending.nonce, price));
    await this.#store.put(pending);
    await this.#offer(action, pending.signed.at(-1)!);
  }

  async #finish(pending: PendingTransaction, receipt: TransactionReceipt): Promise<Mined> {
    this.#nextNonce = Math.max(this.#nextNonce, pending.nonce + 1);
    await this.#store.delete(pending);
    this.#options.onPaid?.(receipt.gasUsed * receipt.gasPrice);
    if (receipt.status !== 1) throw await this.#reasonOf(pending, receipt);
    return {
      transaction: receipt.hash as Hex,
      block: receipt.blockNumber,
      gasUsed: receipt.gasUsed,
      gasPrice: receipt.gasPrice,
      logs: receipt.logs,
    };
  }

  /** Newest version first: it is the most likely one. */
  async #receiptOf(pending: PendingTransaction): Promise<TransactionReceipt | null> {
    const { provider, signal } = this.#options;
    for (const signed of pending.signed.toReversed()) {
      const { hash } = Transaction.from(signed);
      const receipt = await read(pending.action, () => provider.getTransactionReceipt(hash!), signal);
      if (receipt !== null) return receipt;
    }
    return null;
  }

  async #isKnown(pending: PendingTransaction): Promise<boolean> {
    const { provider, signal } = this.#options;
    const { hash } = Transaction.from(pending.signed.at(-1)!);
    return (await read(pending.action, () => provider.getTransaction(hash!), signal)) !== null;
  }

  /** Whether another one of these, with a later nonce, may be in the pool. */
  async #isAwaited({ nonce }: PendingTransaction, all: readonly PendingTransaction[]): Promise<boolean> {
    for (const later of all) {
      if (later.nonce > nonce && (this.#aheadNonces.has(later.nonce) || (await this.#isKnown(later))))
        return true;
    }
    return false;
  }

  async #nonceUsed(pending: PendingTransaction): Promise<boolean> {
    const { provider, account, signal } = this.#options;
    const count = await read(pending.action, () => provider.getTransactionCount(account, 'latest'), signal);
    return count > pending.nonce;
  }

  /** Why a mined transaction failed: repeats the call on the state after it, where it still fails. */
  async #reasonOf(pending: PendingTransaction, receipt: TransactionReceipt): Promise<ChainError> {
    const { action, account: from, to, data } = pending;
    try {
      await this.#options.provider.call({ from, to, data });
    } catch (error) {
      return toChainError(error, action);
    }
    return new ChainError('E_CHAIN_REVERTED', 'the transaction was mined but failed', {
      facts: { action, transaction: receipt.hash, block: receipt.blockNumber },
      hint: 'the state changed between estimate and block: check it before acting again',
    });
  }
}

/** Another transaction has the nonce: mined (too low) or waiting in the pool (underpriced replacement). */
function isNonceUsed(error: unknown): boolean {
  return (error as ChainError).code === 'E_CHAIN_NONCE_TAKEN';
}

function broadcastError(error: unknown, action: string): ChainError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const said = String(message);
  if (
    code === 'NONCE_EXPIRED' ||
    code === 'REPLACEMENT_UNDERPRICED' ||
    /nonce too low|replacement transaction underpriced/i.test(said)
  ) {
    return new ChainError('E_CHAIN_NONCE_TAKEN', 'another transaction has this nonce', {
      facts: { action },
      cause: error,
    });
  }
  if (/underpriced|less than block base fee|fee too low|max fee per gas less/i.test(said)) {
    return new ChainError('E_CHAIN_FEE_TOO_LOW', 'the chain requires a higher fee than the maximum offer', {
      facts: { action },
      hint: 'raise maxFeePerGas, or wait until the chain is less busy',
      cause: error,
    });
  }
  return toChainError(error, action);
}

function nonceTaken(pending: PendingTransaction, cause?: unknown): ChainError {
  const { action, account, nonce } = pending;
  return new ChainError(
    'E_CHAIN_NONCE_TAKEN',
    'another transaction of this account was mined in place of this one',
    {
      facts: { action, account, nonce },
      hint: 'let one process send for an account; check the state of the chain, then act again',
      cause,
    },
  );
}

function notMined(message: string, pending: PendingTransaction): ChainError {
  const { action, nonce, signed, since } = pending;
  const last = Transaction.from(signed.at(-1)!);
  return new ChainError('E_CHAIN_NOT_MINED', message, {
    facts: {
      action,
      transaction: last.hash,
      nonce,
      replacements: signed.length - 1,
      maxFeePerGas: last.maxFeePerGas ?? last.gasPrice,
      seconds: Math.round((Date.now() - since) / 1000),
    },
    hint: 'it may still be mined: repeating the call waits for it and sends no other; raise maxFeePerGas if the chain requires more',
    cause: new ChainError('E_CHAIN_UNREACHABLE', 'no block with it was seen'),
  });
}
