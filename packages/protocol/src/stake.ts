import type { Address, Hex } from './hex.ts';
import type { UnbondTicket } from './task.ts';

/**
 * Shares of every pool without an owner, worth less than one unit (StakeManager): with them a first deposit cannot
 * drive up the price of a share.
 */
export const VIRTUAL_SHARES = 10n ** 6n;

/** A pool as the contract counts it: deposits own shares of its tokens, and slashing lowers what a share is worth. */
export interface StakeShares {
  tokens: bigint;
  /** Of `tokens`, what tasks have locked. */
  locked: bigint;
  shares: bigint;
  /** Of `shares`, those that are unbonding. */
  unbonding: bigint;
}

/** What shares of a pool are worth now; rounded down, in favour of the pool. */
export function stakeValue(pool: StakeShares, shares: bigint): bigint {
  return (shares * (pool.tokens + 1n)) / (pool.shares + VIRTUAL_SHARES);
}

/** The fewest shares that are worth at least this amount. */
export function sharesWorth(pool: StakeShares, amount: bigint): bigint {
  const price = pool.tokens + 1n;
  return (amount * (pool.shares + VIRTUAL_SHARES) + price - 1n) / price;
}

/** Shares that can be unbonded now, by all owners together: the rest has to stay worth what tasks have locked. */
export function unlockedShares(pool: StakeShares): bigint {
  const free = pool.shares - pool.unbonding - sharesWorth(pool, pool.locked);
  return free > 0n ? free : 0n;
}

/** Part of a pool that a task holds until it releases it. */
export interface StakeLock {
  taskId: bigint;
  amount: bigint;
}

/** Stake that an offence cost a pool. */
export interface StakeSlash {
  taskId: bigint;
  amount: bigint;
  block: number;
  transaction: Hex;
}

/** An account with shares of a pool that are not unbonding. */
export interface StakeHolder {
  account: Address;
  shares: bigint;
}

/** The pool of one token behind one identity, and what an account has in it. */
export interface StakePosition {
  token: Address;
  agentId: bigint;
  /** Who owns the identity. */
  owner: Address;
  pool: StakeShares;
  /** Shares of the account that are not unbonding. */
  shares: bigint;
  /** What the account has asked back and not withdrawn, the oldest first; 0 shares where slashing took the whole pool. */
  tickets: UnbondTicket[];
  /** What tasks have locked of the pool. */
  locks: StakeLock[];
  /** Who has shares of it, the largest deposits first: at most {@link MAX_STAKE_HOLDERS}, the account included. */
  holders: StakeHolder[];
  /** The newest first. */
  slashes: StakeSlash[];
}

/** What an account has at stake, and what others have put behind its identity. */
export interface StakeAccount {
  account: Address;
  /** The first identity that the account registered and still owns; null if it owns no identity. */
  agentId: bigint | null;
  /**
   * Pools that the account has put stake into, then other pools behind its identity: at most
   * {@link MAX_FOREIGN_POOLS} of these, as anybody can open one with a token of their own.
   */
  positions: StakePosition[];
}

/** Owners of a pool's shares that are listed; anybody can become one with the smallest unit of a token. */
export const MAX_STAKE_HOLDERS = 50;

/** Pools behind an identity that are listed though the account itself has put nothing into them. */
export const MAX_FOREIGN_POOLS = 20;
