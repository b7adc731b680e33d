import { minutesLeft, withinWindows } from '@chorus/node';
import type { Limits } from '../config/settings.ts';
import {
  type ConsideredTask,
  type ConsideredTerms,
  type NodeState,
  type Refusal,
  refuse,
} from './considered-task.ts';
import { longestSeconds, missedRoundBps } from './task-figures.ts';
import { leastPhases } from './work.ts';

/** Whether this machine can do its part before each phase ends: a late member is slashed. */
export function considerPhases(
  { tasks }: Limits,
  task: ConsideredTask,
  terms: ConsideredTerms,
  { roles, machine }: NodeState,
): Refusal | null {
  if (tasks.phaseMargin === 0) return null;
  const least = leastPhases(task, terms, roles, machine, tasks.phaseMargin);
  for (const phase of ['commitSeconds', 'referenceSeconds', 'settleSeconds'] as const) {
    if (task[phase] >= least[phase] || Number.isNaN(least[phase])) continue;
    const tried = phase === 'commitSeconds' && machine.stepSeconds !== null ? 'measured' : 'estimated';
    return refuse(
      'E_LIMIT_PHASES',
      `its ${phase} are ${task[phase]}, and this machine needs ${least[phase]} (${tried}: ${tasks.phaseMargin} times the work, and some blocks)`,
      'lower training.tasks.phaseMargin, or use a faster machine or less data',
    );
  }
  return null;
}

/** Checks of the hours in which the owner lets this node work. */
export function considerHours(limits: Limits, task: ConsideredTask, state: NodeState): Refusal | null {
  if (!withinWindows(limits.hours, state.minuteOfDay)) {
    return refuse(
      'E_LIMIT_HOURS',
      `this node begins work only at ${limits.hours.join(', ')}`,
      'wait, or change limits.hours',
      true,
    );
  }
  const cost = missedRoundBps(task.slashing, state.roles);
  if (
    cost > 0 &&
    !limits.missRounds &&
    longestSeconds(task) > 60 * minutesLeft(limits.hours, state.minuteOfDay)
  ) {
    return refuse(
      'E_LIMIT_HOURS_STAKE',
      `it may run past your configured hours, and each round missed then costs ${cost / 100} % of the stake`,
      'widen limits.hours, or set training.missRounds',
      true,
    );
  }
  return null;
}
