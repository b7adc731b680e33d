import { formatBytes, formatSeconds } from '@chorus/node';
import { counted } from '@chorus/protocol';
import type { Limits } from '../config/settings.ts';
import {
  type ConsideredTask,
  type ConsideredTerms,
  type NodeState,
  type Refusal,
  refuse,
} from './considered-task.ts';
import { listed } from './stake-policy.ts';
import { expectedReward, longestLockSeconds, longestRound } from './task-figures.ts';

/** Checks of size, loss, licence, length and reward. */
export function considerKind(
  { stake, tasks }: Limits,
  task: ConsideredTask,
  terms: ConsideredTerms,
  state: NodeState,
): Refusal | null {
  if (tasks.maxDimension !== undefined && task.dimension > tasks.maxDimension) {
    return refuse(
      'E_LIMIT_DIMENSION',
      `its model has ${task.dimension} parameters, more than ${tasks.maxDimension}`,
      'raise training.tasks.maxDimension',
    );
  }
  if (tasks.maxModelBytes !== undefined && terms.modelBytes > tasks.maxModelBytes) {
    return refuse(
      'E_LIMIT_MODEL_BYTES',
      `its model has ${formatBytes(terms.modelBytes)}, more than ${formatBytes(tasks.maxModelBytes)}`,
      'raise training.tasks.maxModelBytes',
    );
  }
  if (tasks.losses && !tasks.losses.includes(terms.loss.kind)) {
    return refuse(
      'E_LIMIT_LOSS',
      `its loss is ${terms.loss.kind}, and only ${tasks.losses.join(', ') || 'none'} is accepted`,
      'add it to training.tasks.losses',
    );
  }
  if (tasks.licences && (terms.licence === undefined || !tasks.licences.includes(terms.licence))) {
    return refuse(
      'E_LIMIT_LICENCE',
      terms.licence === undefined
        ? 'it names no licence, and one is required'
        : `its licence is ${terms.licence}, and only ${tasks.licences.join(', ') || 'none'} is accepted`,
      'add its licence to training.tasks.licences, or remove that list',
    );
  }
  const locked = longestLockSeconds(task);
  if (locked > tasks.maxSeconds) {
    return refuse('E_LIMIT_DURATION', tooLong(task, tasks.maxSeconds), 'raise training.tasks.maxSeconds');
  }
  const [, token] = listed(stake, task.token);
  if (token?.seconds !== undefined && locked > token.seconds) {
    return refuse(
      'E_LIMIT_DURATION',
      `${tooLong(task, token.seconds)} for token ${task.token}`,
      'raise `seconds` of the token in training.stake.perToken',
    );
  }
  const reward = expectedReward(task, state.roles);
  if (tasks.minReward !== undefined && reward < BigInt(tasks.minReward)) {
    return refuse(
      'E_LIMIT_REWARD',
      `a round is worth about ${reward} to this node, less than ${tasks.minReward}`,
      'lower training.tasks.minReward',
    );
  }
  return null;
}

function tooLong(task: ConsideredTask, most: number): string {
  const parts = [
    `${formatSeconds(task.joinSeconds)} to join`,
    `${counted(task.rounds, 'round')} of up to ${formatSeconds(longestRound(task))}`,
    `${formatSeconds(2 * task.contestSeconds)} to dispute`,
  ];
  const locked = longestLockSeconds(task);
  return `it may lock the stake for ${formatSeconds(locked)} (${parts.join(', ')}: ${locked} s), longer than ${formatSeconds(most)} (${most} s)`;
}
