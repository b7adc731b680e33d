import type { Duty, RoundContext, TaskState, Terms } from '@chorus/protocol';
import type { TaskBudget } from '../policy/task-budget.ts';
import type { TaskRunner } from '../rounds/task-runner.ts';
import type { DepartedTask } from './left-task.ts';

/** A task as this node currently sees it; null if not known yet. */
export interface FollowedTask {
  taskId: bigint;
  terms: Terms | null;
  task: TaskState | null;
  context: RoundContext | null;
  /** CIDs of earlier rounds' payloads that scoring of the current round uses, and of the last aggregates. */
  publicCids: string[];
  /** Duties in progress, such as `train:3`, and the number that wait for a retry. */
  active: string[];
  waiting: number;
  /** Whether this node has done its part of a duty. */
  hasDone: (duty: Duty) => boolean;
  /** Last round in this node's model; null if no model is kept. */
  settledThrough: number | null;
  left: boolean;
  stake: bigint;
}

/** The tasks of a node: those it follows, and those it has left that have not ended. */
export function followedTasks(
  runners: Iterable<TaskRunner>,
  departed: Iterable<DepartedTask>,
  budget: Pick<TaskBudget, 'isLeft' | 'stakeIn'>,
): FollowedTask[] {
  const running = [...runners].map((runner) => {
    const { taskId, terms, histories } = runner.session;
    const publicCids = histories.cids;
    const { task, context, active, waiting, settledThrough } = runner;
    const left = budget.isLeft(taskId);
    const hasDone = (duty: Duty) => runner.hasDone(duty);
    return { taskId, terms, task, context, publicCids, active, waiting, settledThrough, left, hasDone };
  });
  const resting = [...departed].map(({ taskId, task }) => {
    const none = { terms: null, context: null, publicCids: [], active: [], waiting: 0, settledThrough: null };
    return { taskId, task, ...none, left: true, hasDone: () => false };
  });
  return [...running, ...resting].map((each) => ({ ...each, stake: budget.stakeIn(each.taskId) }));
}
