import type { Address } from '../hex.ts';
import type { Sent } from './transaction.ts';

/** What tasks pay out: rewards and fees, and the unpaid rest of a budget. */
export interface RewardChain {
  /**
   * Pay this account's fees in `token`, and its released rewards from these tasks, to `to` (default: itself).
   */
  claim(token: Address, taskIds: bigint[], to?: Address): Sent<{ amount: bigint }>;
  claimable(token: Address, account: Address, taskIds: bigint[]): Promise<bigint>;
  /** Return the unpaid rest of an ended task to its owner. */
  refund(taskId: bigint): Sent<{ amount: bigint }>;
  /** Pay a task's protocol fees to the treasury. Anyone may. */
  collectFees(taskId: bigint): Sent<{ amount: bigint }>;
}
