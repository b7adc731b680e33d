import { formatUnits, tokenUnits } from '@chorus/node';
import { COIN_DECIMALS, counted, sameAddress } from '@chorus/protocol';
import type { Limits } from '../config/settings.ts';
import { type ConsideredTask, isOwn, type NodeState, type Refusal, refuse } from './considered-task.ts';
import { likelyGas } from './task-figures.ts';

/** Checks of stake, token and owner. */
export function considerStake({ stake }: Limits, task: ConsideredTask, state: NodeState): Refusal | null {
  const { decimals } = state;
  const [, token] = listed(stake, task.token);
  if (!acceptsToken(stake, task.token)) {
    return refuse(
      'E_LIMIT_TOKEN',
      `it pays and stakes token ${task.token}, and only listed tokens are accepted`,
      'add the token to training.stake.perToken if it is worth something to you, or set training.stake.onlyListed to false',
    );
  }
  if (stake.owners && !isOwn(task, state) && !stake.owners.some((owner) => sameAddress(owner, task.owner))) {
    return refuse(
      'E_LIMIT_OWNER',
      `its owner is ${task.owner}, and only tasks of listed owners are accepted`,
      'add its owner to training.stake.owners, or remove that list',
    );
  }
  if (task.stake > tokenUnits(state.maxStake, decimals)) {
    return refuse(
      'E_TASK_STAKE',
      `it requires a stake of ${formatUnits(task.stake, decimals)} tokens, more than the ${state.maxStake} this node risks in one task`,
      'raise training.maxStake',
    );
  }
  if (token?.task !== undefined && task.stake > BigInt(token.task)) {
    return refuse(
      'E_LIMIT_STAKE_TASK',
      `it requires a stake of ${task.stake} of token ${task.token}, more than ${token.task}`,
      'raise `task` of the token in training.stake.perToken',
    );
  }
  return null;
}

/** Checks together with this node's other work, and its spending today. */
export function considerTotals(
  { stake, tasks, gas }: Limits,
  task: ConsideredTask,
  state: NodeState,
): Refusal | null {
  if (state.tasks >= tasks.maxTasks) {
    return refuse(
      'E_LIMIT_TASKS',
      `this node works for ${counted(state.tasks, 'task')}, and accepts at most ${tasks.maxTasks}`,
      'raise training.tasks.maxTasks, or leave a task',
      tasks.maxTasks > 0,
    );
  }
  const [, token] = listed(stake, task.token);
  const atRisk = sum(state.staked.filter((s) => sameAddress(s.token, task.token)).map((s) => s.amount));
  if (token?.total !== undefined && atRisk + task.stake > BigInt(token.total)) {
    return refuse(
      'E_LIMIT_STAKE_TOKEN',
      `with it ${atRisk + task.stake} of token ${task.token} would be at risk, more than ${token.total}`,
      'raise the entry of the token in training.stake.perToken',
      task.stake <= BigInt(token.total),
    );
  }
  const total = sum(state.staked.map((s) => s.amount));
  if (stake.total !== undefined && total + task.stake > BigInt(stake.total)) {
    return refuse(
      'E_LIMIT_STAKE_TOTAL',
      `with it ${total + task.stake} would be at risk in all tasks, more than ${stake.total}`,
      'raise training.stake.total',
      task.stake <= BigInt(stake.total),
    );
  }
  const perDay = tokenUnits(state.maxStakePerDay, state.decimals);
  if (task.stake > 0n && state.stakedToday + task.stake > perDay) {
    const today = formatUnits(state.stakedToday + task.stake, state.decimals);
    return refuse(
      'E_LIMIT_STAKE_DAY',
      `with it ${today} tokens would have been put at risk within 24 hours, more than ${state.maxStakePerDay}`,
      'raise training.stake.perDay, or wait',
      task.stake <= perDay,
    );
  }
  const spent = state.gas.spentToday + state.gas.price * likelyGas(task, state.roles);
  if (spent > tokenUnits(gas.perDay, COIN_DECIMALS)) {
    return refuse(
      'E_LIMIT_GAS',
      `with it gas may come to ${formatUnits(spent, COIN_DECIMALS)} coins within 24 hours, more than ${gas.perDay}`,
      'raise limits.gas.perDay, or wait for a lower price',
      true,
    );
  }
  return null;
}

/** The limits for a token by name. */
export const listed = (stake: Limits['stake'], token: string) =>
  Object.entries(stake.perToken).find(([t]) => sameAddress(t, token)) ?? [];

/**
 * Whether tasks in a token are considered: if only listed tokens are, the decimals of others are not even requested.
 */
export const acceptsToken = (stake: Limits['stake'], token: string) =>
  !stake.onlyListed || listed(stake, token).length > 0;

const sum = (amounts: bigint[]) => amounts.reduce((a, b) => a + b, 0n);
