import { counted } from '@chorus/protocol';
import type { Limits } from '../config/settings.ts';
import { type ConsideredTask, isOwn, type NodeState, type Refusal, refuse } from './considered-task.ts';
import { independentValidators, worstAbsencePercent } from './task-figures.ts';

/**
 * Checks of who decides about this node's stake, who gains by a slash, and how much can be lost without a verdict.
 */
export function considerTrust({ tasks }: Limits, task: ConsideredTask, state: NodeState): Refusal | null {
  if (isOwn(task, state)) return null;
  const independent = independentValidators(task);
  if (independent < tasks.minValidators) {
    return refuse(
      'E_LIMIT_VALIDATORS',
      `${counted(independent, 'validator')} other than its owner can decide its rounds, fewer than ${tasks.minValidators}`,
      'lower training.tasks.minValidators if you trust its owner',
    );
  }
  if (task.stake === 0n) return null;
  const reporter = task.slashReporterBps / 100;
  if (reporter > tasks.maxReporterPercent) {
    return refuse(
      'E_LIMIT_SLASH_REPORTER',
      `${reporter} % of slashed stake goes to the reporter, more than ${tasks.maxReporterPercent} %: the reporter gains by it`,
      'raise training.tasks.maxReporterPercent',
    );
  }
  const owner = (10_000 - task.slashReporterBps - task.slashBurnBps) / 100;
  if (owner > tasks.maxOwnerPercent) {
    return refuse(
      'E_LIMIT_SLASH_OWNER',
      `${owner} % of slashed stake goes back to its owner, more than ${tasks.maxOwnerPercent} %: its owner gains by it`,
      'raise training.tasks.maxOwnerPercent',
    );
  }
  const absence = worstAbsencePercent(task, state.roles);
  if (absence > tasks.maxSlashPercent) {
    return refuse(
      'E_LIMIT_SLASH',
      `absence from its ${counted(task.rounds, 'round')} would cost ${absence} % of the stake, more than ${tasks.maxSlashPercent} %`,
      'raise training.tasks.maxSlashPercent',
    );
  }
  return null;
}
