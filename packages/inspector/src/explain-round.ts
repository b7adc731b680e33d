import { decimalsOf } from '@chorus/chain';
import {
  type Address,
  cidFromDigest,
  describeError,
  type Hex,
  openedReferences,
  type RoundState,
  type SettledRound,
  storedPayloadBytes,
  type TaskState,
  type Terms,
} from '@chorus/protocol';
import { findSummary } from './history/find-summary.ts';
import { type Inspection, readTerms, requireSettled, summarySource } from './inspection.ts';
import { type Explained, explainRecords } from './records/explain-records.ts';

/** A settled round recomputed from its Gram matrix, next to the chain's records. */
export interface RoundExplanation extends Explained {
  task: TaskState;
  /** Of the task's token; null while the chain does not say. */
  decimals: number | null;
  /** Null if they are not available here. */
  terms: Terms | null;
  round: RoundState;
  settled: SettledRound;
  /** CID of each trainer's payload; null if it committed nothing, or the terms are not available. */
  cids: (string | null)[];
  /** Why the Gram matrix is not available here; null if it is. */
  missing: string | null;
  /** CID of each reference that counted. */
  references: { validator: Address; cid: string | null }[];
}

/**
 * Recompute a settled round from its Gram matrix: why each trainer was, or was not, paid. The matrix comes from a peer
 * and is the one that was proven; `openProofChecker` checks the proof. No payload is needed.
 *
 * @throws ChorusError `E_ROUND_NOT_SETTLED`; errors of chain and storage
 */
export async function explainRound(
  inspection: Inspection,
  taskId: bigint,
  number: number,
): Promise<RoundExplanation> {
  const { chain, signal } = inspection;
  const task = await chain.task(taskId);
  const settled = await requireSettled(chain, task, number);
  const [round, members, terms, source, decimals] = await Promise.all([
    chain.round(taskId, number),
    chain.members(taskId),
    readTerms(inspection, task).catch(() => null),
    summarySource(inspection, task),
    decimalsOf(chain, task.token),
  ]);
  let missing: string | null = null;
  const gram = await findSummary(source, { task, members }, settled, 'gram', inspection.askMilliseconds).then(
    (summary) => summary.gram,
    (error: unknown) => {
      signal.throwIfAborted();
      missing = describeError(error);
      return null;
    },
  );
  const cidOf = (digest: Hex) => (terms ? cidFromDigest(digest, storedPayloadBytes(terms, task)) : null);
  return {
    ...explainRecords({ task, round, settled }, gram),
    task,
    decimals,
    terms,
    round,
    settled,
    missing,
    cids: round.updates.map((u) => u && cidOf(u.digest)),
    references: openedReferences(round, settled.rejected).map(({ validator, digest }) => ({
      validator,
      cid: cidOf(digest),
    })),
  };
}
