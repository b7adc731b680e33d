import type { RoundSummary, TaskSummary, TokenAmount } from '@chorus/admin-api';
import { withDecimals } from '@chorus/chain';
import type { ChorusNode } from '../lifecycle/chorus-node.ts';
import type { NodeObserver } from '../status/node-observer.ts';
import { roundSummary } from '../status/round-view.ts';
import { taskSummary } from '../status/task-view.ts';
import type { RunningNode } from './attached-node.ts';

/** The tasks that a node follows. */
export function taskSummaries(node: ChorusNode, { activities }: NodeObserver): Promise<TaskSummary[]> {
  const { chain } = node.ports;
  const summaries = node
    .followed()
    .flatMap((followed) => taskSummary(chain.account, followed, activities.of(followed.taskId)) ?? []);
  return withDecimals(chain, summaries);
}

/** The rounds in a node's journal, the newest first. */
export function roundSummaries(
  node: ChorusNode,
  { activities }: NodeObserver,
  query: { limit: number; taskId?: bigint },
): Promise<RoundSummary[]> {
  const summaries = node.journal
    .rounds(query)
    .map((record) => roundSummary(record, activities.stageSeconds(record.taskId, record.round)));
  return withDecimals(node.ports.chain, summaries);
}

/** What the chain would pay out now. */
export async function claimableAmounts({ node, money }: RunningNode): Promise<TokenAmount[]> {
  return withDecimals(node.ports.chain, await money.claimable());
}
