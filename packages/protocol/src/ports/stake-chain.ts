import type { Address } from '../hex.ts';
import type { StakeAccount } from '../stake.ts';
import type { StakePool, UnbondTicket } from '../task.ts';
import type { Sent } from './transaction.ts';

/** Stake behind identities: deposited, unbonded, withdrawn, and unlocked after a task. */
export interface StakeChain {
  /** Approves and deposits stake behind an identity, this account's or another's. */
  depositStake(token: Address, agentId: bigint, amount: bigint): Sent;
  stake(token: Address, agentId: bigint): Promise<StakePool>;
  /** Shares of that pool that this account owns, and their current value. */
  stakeShares(token: Address, agentId: bigint): Promise<{ shares: bigint; value: bigint }>;
  requestUnbond(token: Address, agentId: bigint, shares: bigint): Sent<{ ticket: UnbondTicket }>;
  withdrawStake(ticketId: bigint): Sent<{ amount: bigint }>;
  /** Everything an account has at stake, and what others have put behind its identity. */
  stakeAccount(account: Address): Promise<StakeAccount>;
  /** The contract that holds the stake. */
  stakeContract(): Promise<Address>;
  /** Seconds from a request to unbond until it can be withdrawn. */
  unbondSeconds(): Promise<number>;
  /** Unlock a member's stake once the task has ended or the member has departed. Anyone may. */
  releaseStake(taskId: bigint, member: Address): Sent;
}
