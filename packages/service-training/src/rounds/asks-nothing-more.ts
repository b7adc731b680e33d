import { type Duty, hasDeparted, type RoundContext, sameAddress, type TaskState } from '@chorus/protocol';
import { hasOpenObligations, hasSealed } from './obligations.ts';
import type { TaskSession } from './session/task-session.ts';

/**
 * Whether a running task needs nothing more from a node that has left it, or that the chain lists as departed:
 * others may still depend on its commitments.
 */
export function asksNothingMore(
  { taskId, ports, budget }: Pick<TaskSession, 'taskId' | 'ports' | 'budget'>,
  task: TaskState,
  context: RoundContext | null,
  hasDone: (duty: Pick<Duty, 'kind' | 'round'>) => boolean,
): boolean {
  const { account } = ports.chain;
  if (hasDeparted(task, account) && !sameAddress(task.owner, account)) return true;
  if (!budget.isLeft(taskId)) return false;
  if (!context || !hasOpenObligations(account, context.task, context.round)) return true;
  const { phase, round } = context.round;
  return (
    phase !== 'commit' && hasDone({ kind: 'provide-update', round }) && !hasSealed(account, context.round)
  );
}
