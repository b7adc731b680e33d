import { log2SizeFor } from '@chorus/commitment';
import { roundStatement } from '@chorus/proof';
import { openedReferences, type RoundContext, type Settlement } from '@chorus/protocol';
import { type TaskSession, timed } from '../session/task-session.ts';
import { collectVotes } from '../votes/collect-votes.ts';
import type { Aggregation } from './aggregate.ts';

/**
 * **prove**: commit to the aggregate, and prove that it, the weights and the shares follow from the committed
 * vectors by the rule. The result contains everything that the settling transaction needs.
 */
export function prove(
  session: TaskSession,
  context: RoundContext,
  aggregation: Aggregation,
): Promise<Settlement> {
  const { taskId, ports, committer, proving, terms, emit, signal } = session;
  const { weights, shares, unavailable, rejected, novelty } = aggregation;
  const round = context.round.round;
  return timed(session, round, 'prove', async () => {
    const [aggregate, prover] = await Promise.all([
      committer.commitIntegers(aggregation.aggregate, signal),
      proving.prover(terms.dimension),
    ]);
    const statement = roundStatement({
      rule: terms.rule,
      chainId: ports.chain.chainId,
      contract: ports.chain.contract,
      taskId,
      round,
      prover: ports.chain.account,
      N: 2 ** log2SizeFor(terms.dimension),
      references: openedReferences(context.round, rejected),
      appointed: context.task.validators.length,
      novelty,
      updates: context.round.updates.map((update, index) =>
        update && !unavailable.includes(index) ? update.commitment : null,
      ),
      weights,
      shares,
      aggregate,
    });
    const [{ proof }, votes] = await Promise.all([
      prover.prove(statement, [...aggregation.head, ...aggregation.updates], {
        signal,
        onProgress: (fraction) => emit({ type: 'progress', taskId, round, stage: 'prove', fraction }),
      }),
      aggregation.votes ?? collectVotes(session, context, { unavailable, rejected, novelty }),
    ]);
    return { weights, shares, unavailable, rejected, votes, novelty, aggregate, proof };
  });
}
