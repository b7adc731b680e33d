import type { SettledRounds } from '@chorus/admin-api';
import { decimalsOf } from '@chorus/chain';
import { settledRounds } from '@chorus/inspector';
import type { AskedTraining } from './asked-training.ts';

/** Losses are settled in millionths. */
const LOSS_ONE = 1_000_000;

/**
 * The last settled rounds of a task, followed or not, with all its trainers, from the chain.
 * @throws ChorusError `E_CHAIN_UNKNOWN_TASK`, `E_CHAIN_UNREACHABLE`
 */
export async function settledRoundsOf(
  { ports: { chain } }: Pick<AskedTraining, 'ports'>,
  id: bigint,
  last: number,
): Promise<SettledRounds> {
  const task = await chain.task(id);
  const [rounds, decimals] = await Promise.all([
    settledRounds(chain, task, task.round, task.round - last + 1),
    decimalsOf(chain, task.token),
  ]);
  return {
    taskId: id.toString(),
    token: task.token,
    decimals,
    trainers: task.trainers,
    rounds: rounds.map(({ round, weights, shares, rewards, lossBefore, lossAfter, transaction }) => ({
      round,
      weights,
      shares,
      rewards: rewards.map(String),
      lossBefore: Number(lossBefore) / LOSS_ONE,
      lossAfter: Number(lossAfter) / LOSS_ONE,
      transaction,
    })),
  };
}
