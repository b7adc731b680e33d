import { sumGroups, sumReferences } from '@chorus/aggregation';
import { ChorusError, G1_INFINITY, type G1Point, hasGroups, type RoundContext } from '@chorus/protocol';
import type { TaskSession } from '../session/task-session.ts';
import type { PayloadChecks } from './check-payloads.ts';

/** The rows of a round's Gram matrix before the trainers', and the commitment that verdicts sign. */
export interface HeadRows {
  /** `reference-trust`: the sum of the references. `reference-projection`: three groups of them, and the novelty. */
  rows: Int32Array[];
  /** C_v; infinity for rules without novelty. */
  novelty: G1Point;
  /** Public vectors that were not available here, as text. */
  missing: string[];
}

/**
 * The leading rows of a round from the references that count and, for the novelty, everything that was public before.
 * The model must be the one the round began from.
 *
 * @param again look once more for public vectors that were missing
 * @throws ChorusError `E_NO_REFERENCE`; `E_CANCELLED`, and what fails in this node itself
 */
export async function headRows(
  session: TaskSession,
  context: RoundContext,
  { references }: Pick<PayloadChecks, 'references'>,
  again = false,
): Promise<HeadRows> {
  const { terms, committer, proving, histories, taskId, signal } = session;
  const { task, round } = context;
  if (references.length === 0) {
    throw new ChorusError(
      'E_NO_REFERENCE',
      'no opened reference is available: there is nothing to score against',
      {
        facts: { taskId, round: round.round },
        hint: 'the node requests the references again; without any, the round is void',
      },
    );
  }
  if (!hasGroups(terms.rule)) {
    const sum = sumReferences(references.map(({ vector }) => vector));
    return { rows: [sum], novelty: { ...G1_INFINITY }, missing: [] };
  }
  const groups = sumGroups(references, task.validators.length, terms.dimension);
  const { vectors, missing } =
    terms.novelty === 'off'
      ? { vectors: null, missing: [] }
      : await histories.vectors(context, round.round, again);
  const row = await proving.novelty({ groups, publicVectors: vectors }, signal);
  const novelty = await committer.commitIntegers(row, signal);
  return { rows: [...groups, row], novelty, missing };
}
