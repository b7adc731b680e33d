import type { Ports } from '@chorus/node';
import { ChorusError, sameAddress } from '@chorus/protocol';
import type { EventSink } from '../events/training-events.ts';
import type { LeftTasks } from '../policy/left-tasks.ts';
import type { TaskBudget } from '../policy/task-budget.ts';
import type { TaskRunner } from '../rounds/task-runner.ts';
import { leaveOnChain } from './left-task.ts';
import type { TaskCompletion } from './task-completion.ts';
import type { TaskIntake } from './task-intake.ts';

export interface LeaveParts {
  ports: Ports;
  budget: TaskBudget;
  runners: ReadonlyMap<bigint, TaskRunner>;
  left: LeftTasks;
  intake: TaskIntake;
  completion: TaskCompletion;
  emit: EventSink;
}

/**
 * Do no more work for a task, and do not join it again. A member leaves a running task on chain: the round under way
 * is its last, what it has committed in it is still provided, and the stake is taken back after it.
 *
 * @returns the stake that is locked until then; 0 where this account is no member
 * @throws ChorusError `E_TASK_OWNER` for a task of this node's own
 */
export async function leaveTask(
  parts: LeaveParts,
  taskId: bigint,
): Promise<{ member: boolean; stake: bigint }> {
  const { ports, budget, runners, left, intake, completion, emit } = parts;
  await intake.settled(taskId);
  const runner = runners.get(taskId);
  const { account } = ports.chain;
  if (runner?.task && sameAddress(runner.task.owner, account)) {
    throw new ChorusError('E_TASK_OWNER', 'a task of this node cannot be left', {
      facts: { taskId },
      hint: 'its escrow is paid out by rounds; `chorus task refund` takes back what is left when it has ended',
    });
  }
  const known = left.has(taskId);
  await left.add(taskId);
  if (!known) emit({ type: 'left', taskId });
  // If this fails, it is tried again once the work under way is over.
  if (runner?.task?.status === 'running') await leaveOnChain(ports.chain, taskId).catch(() => {});
  runner?.wake();
  const stake = budget.stakeIn(taskId);
  return { member: runner !== undefined || completion.departed.has(taskId), stake };
}
