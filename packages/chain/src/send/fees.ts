import type { FeeData, TransactionLike } from 'ethers';

/** How much to offer for gas, and when to offer more. */
export interface FeePolicy {
  /**
   * Milliseconds after which a transaction that is not mined is replaced by one that pays more: by default 2 s on a
   * development chain, else 30 s.
   */
  bumpAfterMilliseconds: number;
  /** Maximum offer for a unit of gas, in wei: by default ten times the first offer. */
  maxFeePerGas?: bigint;
  /** Longest wait for one transaction (default 180 s). */
  minedTimeoutMilliseconds: number;
}

/** The offer of a transaction: EIP-1559 if the chain supports it. */
export type Price =
  | { type: 2; maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }
  | { type: 0; gasPrice: bigint };

/** Nodes refuse a replacement that does not pay a tenth more (geth, reth, anvil); one eighth is clear of rounding. */
const bumped = (price: bigint): bigint => (price * 9n + 7n) / 8n + 1n;

// Math.min and Math.max take no bigint.
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** By default, fees may grow to this multiple of the first offer. */
const DEFAULT_CAP = 10n;

/** The chain's current price. */
export function priceOf(fees: FeeData): Price {
  return fees.maxFeePerGas === null || fees.maxPriorityFeePerGas === null
    ? { type: 0, gasPrice: fees.gasPrice ?? 0n }
    : { type: 2, maxFeePerGas: fees.maxFeePerGas, maxPriorityFeePerGas: fees.maxPriorityFeePerGas };
}

/** The offer of a signed transaction. */
export function offerOf(transaction: TransactionLike): Price {
  return transaction.type === 2
    ? {
        type: 2,
        maxFeePerGas: BigInt(transaction.maxFeePerGas!),
        maxPriorityFeePerGas: BigInt(transaction.maxPriorityFeePerGas!),
      }
    : { type: 0, gasPrice: BigInt(transaction.gasPrice ?? 0n) };
}

/** Maximum offer for a unit of gas, given the first offer. */
export function capOf(first: Price, policy: Pick<FeePolicy, 'maxFeePerGas'>): bigint {
  return policy.maxFeePerGas ?? DEFAULT_CAP * (first.type === 2 ? first.maxFeePerGas : first.gasPrice);
}

/** Lower an offer to the cap. */
export function capped(price: Price, cap: bigint): Price {
  const lower = (value: bigint): bigint => smaller(value, cap);
  return price.type === 2
    ? {
        type: 2,
        maxFeePerGas: lower(price.maxFeePerGas),
        maxPriorityFeePerGas: lower(price.maxPriorityFeePerGas),
      }
    : { type: 0, gasPrice: lower(price.gasPrice) };
}

/**
 * The offer that replaces `last`: at least 12.5 % more in every part, and at least the chain's current price.
 * @returns null if that is above the cap
 */
export function replacementOf(last: Price, now: Price, cap: bigint): Price | null {
  if (last.type === 0) {
    const asked = now.type === 0 ? now.gasPrice : now.maxFeePerGas;
    const needed = bumped(last.gasPrice);
    return needed > cap ? null : capped({ type: 0, gasPrice: larger(needed, asked) }, cap);
  }
  const asked =
    now.type === 2 ? now : { maxFeePerGas: now.gasPrice, maxPriorityFeePerGas: last.maxPriorityFeePerGas };
  const needed = bumped(last.maxFeePerGas);
  if (needed > cap) return null;
  const maxFeePerGas = larger(needed, smaller(asked.maxFeePerGas, cap));
  const tip = larger(bumped(last.maxPriorityFeePerGas), asked.maxPriorityFeePerGas);
  return { type: 2, maxFeePerGas, maxPriorityFeePerGas: smaller(tip, maxFeePerGas) };
}
