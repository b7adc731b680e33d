import { MAX_AGGREGATORS, type Role } from '@chorus/protocol';
import type { ConsideredTask } from './considered-task.ts';

/**
 * Minimum number of validators other than the task's owner that every settled round depends on. The owner may
 * control other accounts: this is a number of accounts, not of people.
 */
export function independentValidators({
  owner,
  validators,
  minValidators,
}: Pick<ConsideredTask, 'owner' | 'validators' | 'minValidators'>): number {
  const others = new Set(validators.map((each) => each.toLowerCase()));
  const own = others.delete(owner.toLowerCase()) ? 1 : 0;
  return Math.max(0, Math.min(others.size, minValidators - own));
}

/**
 * Percent of the stake that is lost if every round is missed in all of these roles, which the contract counts
 * separately.
 */
export function worstAbsencePercent({ rounds, slashing }: ConsideredTask, roles: readonly Role[]): number {
  const { trainerAbsence, validatorAbsence, aggregatorAbsence, absenceCap = 10_000 } = slashing;
  const costs = { trainer: trainerAbsence, validator: validatorAbsence, aggregator: aggregatorAbsence };
  const round = roles.reduce((bps, role) => bps + costs[role], 0);
  return Math.min(10_000, absenceCap, rounds * round) / 100;
}

/** Gas for becoming a member: identity, approval, deposit, joining, request for records. */
const JOIN_GAS = 900_000n;
/**
 * Gas for a round in each role, including ending phases and recording; from packages/contracts/gas.json, with a
 * margin.
 */
const ROUND_GAS: Readonly<Record<Role, bigint>> = {
  trainer: 250_000n,
  validator: 350_000n,
  aggregator: 1_500_000n,
};

/** Gas that a task may cost in a day: all its rounds may fall into one day. */
export function likelyGas({ rounds }: Pick<ConsideredTask, 'rounds'>, roles: readonly Role[]): bigint {
  return JOIN_GAS + BigInt(rounds) * roles.reduce((gas, role) => gas + ROUND_GAS[role], 0n);
}

/**
 * What a round is worth to a node that holds these roles if all members of a full committee get equal shares and
 * every candidate is drawn equally often, before the fee of the protocol; in the token's smallest unit.
 */
export function expectedReward(task: ConsideredTask, roles: readonly Role[]): bigint {
  if (task.rounds < 1) return 0n;
  const round = task.budget / BigInt(task.rounds);
  const fees = BigInt(task.aggregatorFeeBps + task.validatorFeeBps);
  let reward = 0n;
  if (roles.includes('trainer')) reward += (round * (10_000n - fees)) / 10_000n / divisor(task.maxTrainers);
  if (roles.includes('validator')) {
    reward += (round * BigInt(task.validatorFeeBps)) / 10_000n / divisor(task.validators.length);
  }
  if (roles.includes('aggregator')) {
    reward += (round * BigInt(task.aggregatorFeeBps)) / 10_000n / divisor(task.minAggregators);
  }
  return reward;
}

/** The largest part of the stake, in hundredths of a percent, that missing a round costs in one of these roles. */
export function missedRoundBps(slashing: ConsideredTask['slashing'], roles: readonly Role[]): number {
  const { trainerAbsence, validatorAbsence, aggregatorAbsence } = slashing;
  const costs = { trainer: trainerAbsence, validator: validatorAbsence, aggregator: aggregatorAbsence };
  return Math.max(0, ...roles.map((role) => costs[role]));
}

/**
 * Seconds from joining to the last round's end if every phase of every round takes its full time: each candidate has
 * a window to settle, and then all members have one more. The number of candidates is unknown before a task starts,
 * and anyone can add some.
 */
export function longestSeconds(task: ConsideredTask): number {
  return task.joinSeconds + task.rounds * longestRound(task);
}

/**
 * Seconds until the stake is released: a dispute of the last round has its window, and one more once it is
 * contested.
 */
export function longestLockSeconds(task: ConsideredTask): number {
  return longestSeconds(task) + 2 * task.contestSeconds;
}

export function longestRound({ commitSeconds, referenceSeconds, settleSeconds }: ConsideredTask): number {
  return commitSeconds + referenceSeconds + settleSeconds * (MAX_AGGREGATORS + 1);
}

const divisor = (count: number) => BigInt(Math.max(1, count));
