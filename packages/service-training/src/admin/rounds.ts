import type { RoundList, RoundsQuery } from '@chorus/admin-api';
import type { RoundsSource } from '../admin-areas/rounds.ts';
import type { AskedTraining } from './asked-training.ts';

/** Past rounds, from the journal. */
export function roundsSource(running: () => AskedTraining): RoundsSource {
  return {
    async rounds({ task, limit }: RoundsQuery): Promise<RoundList> {
      const node = running();
      const query = { limit, ...(task === undefined ? {} : { taskId: BigInt(task) }) };
      return { rounds: await node.view.rounds(query) };
    },
  };
}
