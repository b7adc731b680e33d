import { aggregate } from '@chorus/aggregation';
import { type CheckedSummary, hashOf, provenHash } from '@chorus/inspector';
import { openedReferences, type RoundContext, type SettledRound, type UpdateVector } from '@chorus/protocol';
import { fetchVector } from '../../payloads/fetch-vector.ts';
import type { TaskSession } from '../session/task-session.ts';
import { knownHead } from './payload-checks.ts';

/**
 * The summary of a settled round, from its payloads: each opens its commitment, so the aggregate opens C_A. It
 * includes the Gram matrix if this node's findings agree with the settlement.
 *
 * @throws the failure of a payload that was settled as available but is not available here
 */
export async function ownSummary(
  session: TaskSession,
  context: RoundContext,
  settled: SettledRound,
): Promise<CheckedSummary> {
  const { weights } = settled;
  const updates = await Promise.all(
    context.task.trainers.map((author, index): Promise<UpdateVector> | null => {
      const committed = context.round.updates[index];
      if (!committed || weights[index] === 0) return null;
      return fetchVector(session, context, { kind: 'update', author, committed, check: true });
    }),
  );
  const total = updates.some((update) => update !== null) ? aggregate(updates, weights) : null;
  return { aggregate: total, gram: await ownGram(session, context, settled).catch(() => null) };
}

/** Null if this node's findings differ from the settlement. */
async function ownGram(
  session: TaskSession,
  context: RoundContext,
  settled: SettledRound,
): Promise<bigint[][] | null> {
  const { terms, proving, signal } = session;
  const references = openedReferences(context.round, settled.rejected);
  const head = await knownHead(session, context.round, references);
  if (!head) return null;
  const updates = await Promise.all(
    context.task.trainers.map((author, index) => {
      const committed = context.round.updates[index];
      if (!committed || settled.unavailable.includes(index)) return null;
      return fetchVector(session, context, { kind: 'update', author, committed, check: true });
    }),
  );
  const prover = await proving.prover(terms.dimension);
  const gram = await prover.gramMatrix(terms.rule, [...head.rows, ...updates], { signal });
  return hashOf(gram, context) === (await provenHash(session, settled.round)) ? gram : null;
}
