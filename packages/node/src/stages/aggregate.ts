import { aggregate as aggregateUpdates, ruleById, sumReferences } from '@chorus/aggregation';
import { type Address, ChorusError, G1_INFINITY, type UpdateVector, type VerdictVote } from '@chorus/protocol';
import { examineRound } from '../examine.ts';
import { reasonFor } from '../inspect/reason.ts';
import { type RoundContext, type TaskSession, timed } from '../session.ts';
import { collectVerdicts } from '../verdicts.ts';

/** What the aggregator knows of a round before proving. Index i is trainer i+1; null where it has no row. */
export interface Aggregation {
  reference: Int32Array;
  updates: (UpdateVector | null)[];
  weights: number[];
  shares: number[];
  aggregate: Int32Array;
  unavailable: number[];
  /** Validators (by appointment) whose reference does not count. */
  rejected: number[];
  /** Null where nothing is missing: the validators are asked while the proof is made. */
  votes: VerdictVote[] | null;
}

/**
 * **aggregate**: fetch payloads, check each against its commitment, compute the Gram matrix, the rule's
 * weights and shares, and the aggregate.
 *
 * Updates and references that cannot be had, or do not match, are left out if a majority of the validators agrees.
 */
export function aggregate(session: TaskSession, context: RoundContext): Promise<Aggregation> {
  const round = context.round.round;
  return timed(session, round, 'aggregate', async () => {
    const found = await examineRound(session, context);
    const { updates, unavailable, rejected } = found;
    for (const { author, error } of found.faults) reportRefusal(session, round, author, error);
    if (found.references.length === 0) {
      throw new ChorusError(
        'E_NO_REFERENCE',
        'no opened reference can be had: there is nothing to score against',
        {
          facts: { taskId: session.taskId, round },
          hint: 'the references are asked for again; without any the round is void',
        },
      );
    }
    // A list that nobody signs is not worth a proof; where nothing is missing, the votes come in beside it.
    const whole = unavailable.length === 0 && rejected.length === 0;
    const votes = whole ? null : await collectVerdicts(session, context, { unavailable, rejected, novelty: G1_INFINITY });
    const reference = sumReferences(found.references);
    const prover = await session.proving.prover(context.task.dimension);
    const gram = await prover.gramMatrix('reference-trust', [reference, ...updates], {
      signal: session.signal,
    });
    const result = ruleById(session.terms.rule).apply(gram);
    const { weights, shares } = result;
    session.emit({
      type: 'scores',
      taskId: session.taskId,
      round,
      reasons: updates.map((_, index) => reasonFor(result, context.round, unavailable, index)),
    });
    return {
      reference,
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
  emit({ type: 'payload-refused', taskId, round, author, code: error.code, reason: error.message });
}
