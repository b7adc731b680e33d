import { aggregate as aggregateUpdates, ruleById, sumReferences } from '@chorus/aggregation';
import {
  type Address,
  ChorusError,
  committedTrainers,
  openedReferences,
  type UnavailabilityVote,
  type UpdateVector,
} from '@chorus/protocol';
import { reasonFor } from '../inspect/reason.ts';
import { fetchVector } from '../payloads.ts';
import { type RoundContext, type TaskSession, timed } from '../session.ts';
import { collectVotes } from '../votes.ts';

/** What the aggregator knows of a round before proving. Index i is trainer i+1; null where it has no row. */
export interface Aggregation {
  reference: Int32Array;
  updates: (UpdateVector | null)[];
  weights: number[];
  shares: number[];
  aggregate: Int32Array;
  unavailable: number[];
  /** Null where nothing is missing: the validators are asked while the proof is made. */
  votes: UnavailabilityVote[] | null;
}

/**
 * **aggregate**: fetch payloads, check each against its commitment, compute the Gram matrix, the rule's
 * weights and shares, and the aggregate.
 *
 * Payloads that cannot be had, or do not match, are left out if a majority of the validators agrees.
 */
export function aggregate(session: TaskSession, context: RoundContext): Promise<Aggregation> {
  const round = context.round.round;
  return timed(session, round, 'aggregate', async () => {
    const references = await Promise.all(
      openedReferences(context.round).map((committed) =>
        fetchVector(session, context, {
          kind: 'reference',
          author: committed.validator,
          committed,
          check: true,
        }),
      ),
    );
    const { updates, unavailable } = await fetchUpdates(session, context, true);
    // A list that nobody signs is not worth a proof; where nothing is missing, the votes come in beside it.
    const votes = unavailable.length > 0 ? await collectVotes(session, context, unavailable) : null;
    const reference = sumReferences(references);
    const prover = await session.proving.prover(context.task.dimension);
    const gram = await prover.gramMatrix([reference, ...updates], { signal: session.signal });
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
      votes,
    };
  });
}

/** All committed updates that can be had, checked against their commitments or not; the others by index. */
export async function fetchUpdates(
  session: TaskSession,
  context: RoundContext,
  check: boolean,
): Promise<{ updates: (UpdateVector | null)[]; unavailable: number[] }> {
  const { task, round } = context;
  const updates: (UpdateVector | null)[] = task.trainers.map(() => null);
  const unavailable: number[] = [];
  await Promise.all(
    committedTrainers(round).map(async (index) => {
      const trainer = task.trainers[index]!;
      try {
        const committed = round.updates[index]!;
        updates[index] = await fetchVector(session, context, {
          kind: 'update',
          author: trainer,
          committed,
          check,
        });
      } catch (error) {
        if (session.signal.aborted) throw error;
        unavailable.push(index);
        reportRefusal(session, round.round, trainer, error);
      }
    }),
  );
  return { updates, unavailable: unavailable.sort((a, b) => a - b) };
}

function reportRefusal(session: TaskSession, round: number, trainer: Address, error: unknown): void {
  session.emit({
    type: 'payload-refused',
    taskId: session.taskId,
    round,
    trainer,
    code: error instanceof ChorusError ? error.code : 'E_UNKNOWN',
    reason: error instanceof Error ? error.message : String(error),
  });
}
