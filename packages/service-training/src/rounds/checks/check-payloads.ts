import type { CountedReference } from '@chorus/aggregation';
import {
  type Address,
  blames,
  ChorusError,
  committedTrainers,
  openedReferences,
  type RoundContext,
  referenceNormLimit,
  type UpdateVector,
} from '@chorus/protocol';
import { squaredNorm } from '@chorus/training';
import { fetchVector } from '../../payloads/fetch-vector.ts';
import type { TaskSession } from '../session/task-session.ts';

/** What this node finds when it looks for all vectors of a round. */
export interface PayloadChecks {
  /** Vectors by trainer index; null if nothing was committed, or the payload is not available. */
  updates: (UpdateVector | null)[];
  /** Trainers (indices) whose committed payload is not available or does not open its commitment. */
  unavailable: number[];
  /** The references that count, in the order of their validators' appointment. */
  references: CountedReference[];
  /**
   * Validators (by appointment) whose opened reference is not available, does not open its commitment, or is too
   * long.
   */
  rejected: number[];
  /** Members at fault and the reasons, for the log. */
  faults: { author: Address; error: ChorusError }[];
}

/**
 * Look for every vector of a round and check that it opens its commitment: what an aggregator builds on, and what a
 * validator signs.
 *
 * @param timeoutMs for each vector; by default what the task's settlement window allows
 * @throws failures of this node itself (its disk, its workers), which are no one else's fault
 */
export async function checkPayloads(
  session: TaskSession,
  context: RoundContext,
  timeoutMs?: number,
): Promise<PayloadChecks> {
  const { task, round } = context;
  const limit = referenceNormLimit(task.dimension);
  const found: PayloadChecks = {
    updates: task.trainers.map(() => null),
    unavailable: [],
    references: [],
    rejected: [],
    faults: [],
  };
  const attempt = async (author: Address, work: () => Promise<UpdateVector>) => {
    try {
      return await work();
    } catch (error) {
      const blame = error instanceof ChorusError && blames(error, 'author');
      if (!blame || session.signal.aborted) throw error;
      found.faults.push({ author, error });
      return null;
    }
  };
  const options = { check: true, ...(timeoutMs ? { timeoutMs } : {}) };
  const references = await Promise.all([
    ...openedReferences(round).map(async (committed) => {
      const author = committed.validator;
      const vector = await attempt(author, async () => {
        const fetched = await fetchVector(session, context, {
          kind: 'reference',
          author,
          committed,
          ...options,
        });
        if (squaredNorm(fetched) <= limit) return fetched;
        throw new ChorusError('E_REFERENCE_TOO_LONG', 'the reference exceeds the required norm', {
          facts: { validator: author, squaredNorm: squaredNorm(fetched), limit },
        });
      });
      return { index: committed.index, vector };
    }),
    ...committedTrainers(round).map(async (index) => {
      const author = task.trainers[index]!;
      const committed = round.updates[index]!;
      found.updates[index] = await attempt(author, () =>
        fetchVector(session, context, { kind: 'update', author, committed, ...options }),
      );
      if (found.updates[index] === null) found.unavailable.push(index);
      return null;
    }),
  ]);
  for (const entry of references) {
    if (entry?.vector) found.references.push({ index: entry.index, vector: entry.vector });
    else if (entry) found.rejected.push(entry.index);
  }
  found.unavailable.sort((a, b) => a - b);
  found.rejected.sort((a, b) => a - b);
  return found;
}

/** Whether two lists of indices, each ascending, are the same. */
export function sameIndices(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
