import type { CountedReference } from '@chorus/aggregation';
import {
  type Address,
  blames,
  ChorusError,
  committedTrainers,
  openedReferences,
  referenceNormLimit,
  type UpdateVector,
} from '@chorus/protocol';
import { squaredNorm } from '@chorus/training';
import type { RoundContext } from '../../context/round-context.ts';
import { fetchVector } from '../../payloads/fetch-vector.ts';
import type { TaskSession } from '../session/task-session.ts';

/** What this node finds of a round's vectors when it looks for all of them. */
export interface PayloadChecks {
  /** By trainer index; null where nothing was committed, or it cannot be had. */
  updates: (UpdateVector | null)[];
  /** Trainers (indices) that committed what cannot be had or does not open its commitment. */
  unavailable: number[];
  /** The references that count, in the order of their validators' appointment. */
  references: CountedReference[];
  /** Validators (by appointment) whose opened reference cannot be had, does not open, or is too long. */
  rejected: number[];
  /** Who is to blame for what, for the log. */
  faults: { author: Address; error: ChorusError }[];
}

/**
 * Look for every vector of a round and check that it opens its commitment: what an aggregator builds on, and what a
 * validator signs.
 *
 * @param timeoutMs for each vector; by default what the task's settlement window allows
 * @throws whatever fails in this node itself (its disk, its workers): that says nothing of anybody else
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
        throw new ChorusError('E_REFERENCE_TOO_LONG', 'a reference is longer than all references are to be', {
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
