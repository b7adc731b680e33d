import type { Limits } from '../config/settings.ts';
import type { Consideration, ConsideredTask, ConsideredTerms, NodeState } from './considered-task.ts';
import { considerKind } from './kind-policy.ts';
import { evaluatePrivacy } from './privacy-policy.ts';
import { evaluateRoom } from './room-policy.ts';
import { considerStake, considerTotals } from './stake-policy.ts';
import { taskNeeds } from './task-needs.ts';
import { considerHours, considerPhases } from './time-policy.ts';
import { considerTrust } from './trust-policy.ts';

/**
 * Whether a task is within what the contributor allows. A pure function: the same task, terms and state give the
 * same answer, and loosening a limit never turns an acceptance into a refusal.
 */
export function evaluateTask(
  limits: Limits,
  task: ConsideredTask,
  terms: ConsideredTerms,
  state: NodeState,
): Consideration {
  const needs = taskNeeds(task, terms, state.roles);
  const refused =
    // Permanent reasons come first, so that no one waits in vain.
    considerStake(limits, task, state) ??
    considerKind(limits, task, terms, state) ??
    considerTrust(limits, task, state) ??
    evaluatePrivacy(task, terms, {
      roles: state.roles,
      config: state.privacy,
      samples: state.machine.samples,
      runs: state.told,
    }) ??
    considerPhases(limits, task, terms, state) ??
    // Reasons that may change with other tasks, the day, or the hour.
    considerTotals(limits, task, state) ??
    evaluateRoom(limits, needs, state) ??
    considerHours(limits, task, state);
  return refused ?? { accept: true, needs };
}
