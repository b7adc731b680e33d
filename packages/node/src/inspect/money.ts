import { type SettledRound, SHARE_ONE, type TaskState } from '@chorus/protocol';

/** Where a round's money went, in the token's smallest unit. */
export interface RoundMoney {
  /** What the round could spend: an equal part of what was left, for each round still to come. */
  budget: bigint;
  protocolFee: bigint;
  aggregatorFee: bigint;
  /** In total, over the validators that opened a reference. */
  validatorFee: bigint;
  /** What shares are shares of: the budget without the fees as agreed. */
  pool: bigint;
  /** By trainer index: floor(pool * share / 2^32). */
  rewards: bigint[];
}

/**
 * The rewards of a settled round computed again from the task's terms and the rounds before it.
 *
 * @param before the task's settled rounds before this one
 */
export function roundMoney(
  task: TaskState,
  before: readonly SettledRound[],
  settled: SettledRound,
): RoundMoney {
  const left = before.reduce((remaining, round) => remaining - paidIn(round), task.budget);
  const budget = left / BigInt(task.rounds - settled.round + 1);
  const { protocolFee, aggregatorFee, validatorFee } = settled;
  const validatorPart = (budget * BigInt(task.validatorFeeBps)) / 10_000n;
  const pool = budget - protocolFee - aggregatorFee - validatorPart;
  const rewards = settled.shares.map((share) => (pool * BigInt(share)) / BigInt(SHARE_ONE));
  return { budget, protocolFee, aggregatorFee, validatorFee, pool, rewards };
}

function paidIn({ rewards, protocolFee, aggregatorFee, validatorFee }: SettledRound): bigint {
  return rewards.reduce((sum, reward) => sum + reward, protocolFee + aggregatorFee + validatorFee);
}
