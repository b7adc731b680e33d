import { type RoundContext, type TaskSession, timed } from '../session.ts';
import type { Aggregation } from './aggregate.ts';

/** **settle**: one transaction ends the round: it checks the aggregate, moves C_total and credits rewards. */
export async function settle(
  session: TaskSession,
  context: RoundContext,
  aggregation: Aggregation,
): Promise<void> {
  const round = context.round.round;
  const aggregate = await timed(session, round, 'prove', () =>
    session.committer.commitIntegers(aggregation.aggregate),
  );
  await timed(session, round, 'settle', () =>
    session.ports.chain.settle(session.taskId, round, {
      weights: aggregation.weights,
      shares: aggregation.shares,
      unavailable: aggregation.unavailable,
      votes: aggregation.votes,
      aggregate,
      proof: null,
    }),
  );
}
