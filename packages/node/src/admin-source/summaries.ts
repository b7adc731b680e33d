import type { RoundSummary } from '../admin/schema/rounds.ts';
import type { TaskSummary } from '../admin/schema/tasks.ts';
import type { ChorusNode } from '../lifecycle/chorus-node.ts';
import type { NodeObserver } from '../status/node-observer.ts';
import { roundSummary } from '../status/round-view.ts';
import { taskSummary } from '../status/task-view.ts';

/** The tasks that a node follows. */
export function taskSummaries(node: ChorusNode, { activities }: NodeObserver): TaskSummary[] {
  const { account } = node.ports.chain;
  return node
    .followed()
    .flatMap((followed) => taskSummary(account, followed, activities.of(followed.taskId)) ?? []);
}

/** The rounds in a node's journal, the newest first. */
export function roundSummaries(
  node: ChorusNode,
  { activities }: NodeObserver,
  query: { limit: number; taskId?: bigint },
): RoundSummary[] {
  return node.journal
    .rounds(query)
    .map((record) => roundSummary(record, activities.stageSeconds(record.taskId, record.round)));
}
