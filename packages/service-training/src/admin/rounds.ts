import type { RoundList, RoundsQuery } from '@chorus/admin-api';
import type { RoundsSource } from '../admin-areas/rounds.ts';
import type { AskedTraining } from './asked-training.ts';
import { roundProof } from './round-proof.ts';
import { settledRoundsOf } from './settled-rounds.ts';

/** Past rounds, from the journal; their proofs, from the chain. */
export function roundsSource(running: () => AskedTraining): RoundsSource {
  return {
    async rounds({ task, limit }: RoundsQuery): Promise<RoundList> {
      const node = running();
      const query = { limit, ...(task === undefined ? {} : { taskId: BigInt(task) }) };
      return { rounds: await node.view.rounds(query) };
    },

    settled: (task, last) => settledRoundsOf(running(), task, last),

    proof: (task, round) => roundProof(running(), task, round),
  };
}
