import type { StakePositionDocument, StakesDocument, StakeToken, Unbonding } from '@chorus/admin-api';
import {
  type Address,
  type StakeAccount,
  type StakePosition,
  sameAddress,
  stakeValue,
  type UnbondTicket,
  unlockedShares,
} from '@chorus/protocol';

/** Other facts about an account's stake. */
export interface StakesContext {
  /** The chain's time, unix seconds. */
  now: number;
  /** The stake contract. */
  contract: Address;
  unbondSeconds: number;
  tokens: StakeToken[];
  /** Tasks that have ended. */
  ended: ReadonlySet<bigint>;
}

/** Shares of the account that can be unbonded now. */
export function unbondableShares({ pool, shares }: StakePosition): bigint {
  const unlocked = unlockedShares(pool);
  return shares < unlocked ? shares : unlocked;
}

/** A request to unbond, as in the API's documents. */
export function unbondingOf({ pool }: StakePosition, ticket: UnbondTicket, now: number): Unbonding {
  return {
    ticket: ticket.id.toString(),
    amount: stakeValue(pool, ticket.shares).toString(),
    availableAt: new Date(1000 * ticket.maturesAt).toISOString(),
    available: ticket.maturesAt <= now,
  };
}

/** What an account has staked, as in the API's documents. */
export function stakesDocument(stakes: StakeAccount, context: StakesContext): StakesDocument {
  const { now, contract, unbondSeconds, tokens } = context;
  return {
    account: stakes.account,
    agentId: stakes.agentId?.toString() ?? null,
    time: new Date(1000 * now).toISOString(),
    contract,
    unbondSeconds,
    tokens,
    positions: stakes.positions.map((position) => positionDocument(stakes.account, position, context)),
  };
}

function positionDocument(
  account: Address,
  position: StakePosition,
  { now, ended }: StakesContext,
): StakePositionDocument {
  const { token, agentId, owner, pool, shares, tickets, locks, holders, slashes } = position;
  const value = (of: bigint) => stakeValue(pool, of).toString();
  return {
    token,
    agentId: agentId.toString(),
    owner,
    own: sameAddress(owner, account),
    staked: value(shares),
    shares: shares.toString(),
    unbondable: value(unbondableShares(position)),
    unbonding: tickets.map((ticket) => unbondingOf(position, ticket, now)),
    pool: {
      tokens: pool.tokens.toString(),
      locked: pool.locked.toString(),
      free: (stakeValue(pool, pool.shares - pool.unbonding) - pool.locked).toString(),
      unbonding: value(pool.unbonding),
      shares: pool.shares.toString(),
    },
    locks: locks.map(({ taskId, amount }) => ({
      taskId: taskId.toString(),
      amount: amount.toString(),
      ended: ended.has(taskId),
    })),
    holders: holders.map((holder) => ({
      account: holder.account,
      amount: value(holder.shares),
      shares: holder.shares.toString(),
    })),
    slashes: slashes.map(({ taskId, amount, block, transaction }) => ({
      taskId: taskId.toString(),
      amount: amount.toString(),
      block,
      transaction,
    })),
  };
}
