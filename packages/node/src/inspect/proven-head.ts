import { type CountedReference, sumGroups, sumReferences } from '@chorus/aggregation';
import {
  ChorusError,
  hasGroups,
  type Member,
  type RoundState,
  type Settlement,
  sameG1,
  type TaskState,
  type Terms,
} from '@chorus/protocol';
import { noveltyOf } from '../novelty/novelty-job.ts';
import { PublicHistories } from '../novelty/public-history.ts';
import { PayloadStore } from '../payload-store.ts';
import type { Inspection } from './inspection.ts';
import { rebuildThrough } from './model-history.ts';

interface ProvenHead {
  task: TaskState;
  round: RoundState;
  members: Member[];
  terms: Terms;
  references: readonly CountedReference[];
  /** Null where what was sent is not known here. */
  settlement: Settlement | null;
}

/**
 * The leading rows of a settled round's matrix, from payloads. The novelty row takes the model that the round began
 * from, so every settled round before it is computed again.
 *
 * @throws ChorusError `E_NOVELTY_DIFFERS` where the validators have signed another row; `E_MODEL_PAYLOADS` and the
 *   errors of storage
 */
export async function provenHead(inspection: Inspection, proven: ProvenHead): Promise<Int32Array[]> {
  const { task, round, members, terms, references, settlement } = proven;
  if (!hasGroups(terms.rule)) return [sumReferences(references.map(({ vector }) => vector))];
  const groups = sumGroups(references, task.validators.length, task.dimension);
  const { vectors, missing } =
    terms.novelty === 'off'
      ? { vectors: null, missing: [] }
      : await publicBefore(inspection, task, members, terms, round.round);
  const novelty = noveltyOf({ groups, publicVectors: vectors });
  const committer = await inspection.proving.committer(task.dimension);
  if (settlement && !sameG1(await committer.commitIntegers(novelty, inspection.signal), settlement.novelty)) {
    throw new ChorusError('E_NOVELTY_DIFFERS', 'the validators signed another novelty row', {
      facts: { taskId: task.id, round: round.round, missing: missing.slice(0, 3).join(', ') || 'nothing' },
      hint:
        missing.length > 0
          ? 'ask more peers for the vectors that are missing'
          : 'a vector that is available now may not have been available to them then',
    });
  }
  return [...groups, novelty];
}

async function publicBefore(
  inspection: Inspection,
  task: TaskState,
  members: Member[],
  terms: Terms,
  round: number,
) {
  const { chain, storage, proving, signal } = inspection;
  const { model, parameters, aggregates } = await rebuildThrough(inspection, task, terms, round - 1);
  const source = {
    taskId: task.id,
    ports: { chain, storage },
    committer: await proving.committer(task.dimension),
    payloads: new PayloadStore(),
    signal,
  };
  const histories = new PublicHistories(source, model, parameters);
  for (const [number, total] of aggregates) histories.settled(number, total);
  return histories.vectors({ task, members }, round);
}
