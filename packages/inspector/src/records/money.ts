import { paidShares, type SettledRound, SHARE_ONE } from '@chorus/protocol';
import type { RecordedTask } from './records.ts';

/** Where a round's money went, in the token's smallest unit. */
export interface RoundMoney {
  /** What the round could spend: an equal part of what was left, for each round still to come. */
  budget: bigint;
  protocolFee: bigint;
  aggregatorFee: bigint;
  /** Total over the validators whose reference counted. */
  validatorFee: bigint;
  /** The part of the budget that the shares divide: the rest after the fees, less what the terms hold back. */
  pool: bigint;
  /** Held back because the validators' median loss did not fall. */
  heldBack: bigint;
  /** By trainer index: floor(pool * share / 2^32), 0 for a share below the task's minimum. */
  rewards: bigint[];
}

/**
 * The fees and rewards of a settled round computed again from its budget, its shares and the task's terms.
 * @param validators whose reference counted
 * @param trainers that took part
 */
export function roundMoney(
  task: Pick<
    RecordedTask,
    'protocolFeeBps' | 'aggregatorFeeBps' | 'validatorFeeBps' | 'stagnationBps' | 'minShareBps'
  >,
  settled: SettledRound,
  validators: number,
  trainers: number,
): RoundMoney {
  const { budget, lossBefore, lossAfter } = settled;
  const part = (bps: number, of: bigint) => (of * BigInt(bps)) / 10_000n;
  const protocolFee = part(task.protocolFeeBps, budget);
  const aggregatorFee = part(task.aggregatorFeeBps, budget);
  const validatorPart = part(task.validatorFeeBps, budget);
  const whole = budget - protocolFee - aggregatorFee - validatorPart;
  const stagnated = task.stagnationBps < 10_000 && lossAfter >= lossBefore;
  const pool = stagnated ? part(task.stagnationBps, whole) : whole;
  return {
    budget,
    protocolFee,
    aggregatorFee,
    validatorFee: validators > 0 ? (validatorPart / BigInt(validators)) * BigInt(validators) : 0n,
    pool,
    heldBack: whole - pool,
    rewards: paidShares(settled.shares, trainers, task.minShareBps).map(
      (share) => (pool * BigInt(share)) / BigInt(SHARE_ONE),
    ),
  };
}

/** Whether the chain paid exactly that. */
export function paidAsComputed(money: RoundMoney, settled: SettledRound): boolean {
  return (
    money.pool === settled.pool &&
    money.protocolFee === settled.protocolFee &&
    money.aggregatorFee === settled.aggregatorFee &&
    money.validatorFee === settled.validatorFee &&
    money.rewards.length === settled.rewards.length &&
    money.rewards.every((reward, i) => reward === settled.rewards[i])
  );
}
