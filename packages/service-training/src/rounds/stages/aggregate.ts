import { aggregate as aggregateUpdates, ruleById } from '@chorus/aggregation';
import { reasonFor } from '@chorus/inspector';
import {
  type Address,
  type ChorusError,
  explain,
  type G1Point,
  type RoundContext,
  type UpdateVector,
  type VerdictVote,
} from '@chorus/protocol';
import { checkPayloads } from '../checks/check-payloads.ts';
import { headOf } from '../checks/payload-checks.ts';
import { type TaskSession, timed } from '../session/task-session.ts';
import { collectVotes } from '../votes/collect-votes.ts';

/** What the aggregator knows of a round before proving. Index i is trainer i+1; null if it has no row. */
export interface Aggregation {
  /** The rows of the Gram matrix before the trainers', and the commitment to the novelty. */
  head: Int32Array[];
  novelty: G1Point;
  updates: (UpdateVector | null)[];
  weights: number[];
  shares: number[];
  aggregate: Int32Array;
  unavailable: number[];
  /** Validators (by appointment) whose reference does not count. */
  rejected: number[];
  /** Null if nothing is missing: the validators are asked during proving. */
  votes: VerdictVote[] | null;
}

/**
 * **aggregate**: fetch payloads, check each against its commitment, compute the Gram matrix, the rule's
 * weights and shares, and the aggregate.
 *
 * Updates and references that are not available, or do not match, are excluded if a majority of the validators
 * agrees.
 */
export function aggregate(session: TaskSession, context: RoundContext): Promise<Aggregation> {
  const round = context.round.round;
  return timed(session, round, 'aggregate', async () => {
    const found = await checkPayloads(session, context);
    const { updates, unavailable, rejected } = found;
    for (const { author, error } of found.faults) reportRefusal(session, round, author, error);
    // A row that the validators rejected before may lack a vector that is available now.
    const { rows: head, novelty } = await headOf(session, context, found, true);
    // A list that no validator signs is not worth a proof; if nothing is missing, the votes arrive during proving.
    const whole = unavailable.length === 0 && rejected.length === 0;
    const votes = whole ? null : await collectVotes(session, context, { unavailable, rejected, novelty });
    const { rule } = session.terms;
    const prover = await session.proving.prover(context.task.dimension);
    const gram = await prover.gramMatrix(rule, [...head, ...updates], { signal: session.signal });
    const result = ruleById(rule).apply(gram);
    const { weights, shares } = result;
    session.emit({
      type: 'scores',
      taskId: session.taskId,
      round,
      reasons: updates.map((_, index) => reasonFor(result, context.round, unavailable, index)),
    });
    return {
      head,
      novelty,
      updates,
      weights,
      shares,
      aggregate: aggregateUpdates(updates, weights),
      unavailable,
      rejected,
      votes,
    };
  });
}

function reportRefusal(session: TaskSession, round: number, author: Address, error: ChorusError): void {
  const { taskId, emit } = session;
  emit({ type: 'payload-refused', taskId, round, author, ...explain(error) });
}
