import type { RoundList, RoundsQuery } from '@chorus/admin-api';
import type { RoundsSource } from '../admin/training-areas/rounds.ts';
import type { NodeObserver } from '../status/node-observer.ts';
import type { AttachedNode } from './attached-node.ts';
import { roundSummaries } from './summaries.ts';

/** Past rounds, from the journal. */
export function roundsSource(attached: AttachedNode, observer: NodeObserver): RoundsSource {
  return {
    async rounds({ task, limit }: RoundsQuery): Promise<RoundList> {
      const { node } = attached.running();
      const query = { limit, ...(task === undefined ? {} : { taskId: BigInt(task) }) };
      return { rounds: await roundSummaries(node, observer, query) };
    },
  };
}
