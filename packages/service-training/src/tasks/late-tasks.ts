import { newestTask } from '@chorus/inspector';
import { type ChainAccount, sameAddress, type TaskChain, type TaskState } from '@chorus/protocol';

/** Number of newest tasks that are checked: for older ones the reason is no longer interesting. */
const LOOKED_AT = 10n;

/** Running tasks that this account came too late for: the oldest of the newest ones first. */
export async function lateTasks(
  chain: Pick<ChainAccount & TaskChain, 'task' | 'account'>,
): Promise<TaskState[]> {
  const newest = await newestTask(chain);
  const late: TaskState[] = [];
  for (let id = newest > LOOKED_AT ? newest - LOOKED_AT + 1n : 1n; id <= newest; id++) {
    const task = await chain.task(id);
    const mine = [task.owner, ...task.trainers, ...task.activeValidators, ...task.aggregators];
    if (task.status === 'running' && !mine.some((each) => sameAddress(each, chain.account))) late.push(task);
  }
  return late;
}
