import {
  type CountedReference,
  gramMatrix,
  type RuleResult,
  ruleById,
  sumReferences,
} from '@chorus/aggregation';
import { gramHash } from '@chorus/circuits';
import {
  type Address,
  cidFromDigest,
  committedTrainers,
  describeError,
  type Hex,
  hasCode,
  hasGroups,
  openedReferences,
  payloadBytes,
  type RoundState,
  type SettledRound,
  type TaskState,
  type Terms,
  type UpdateVector,
} from '@chorus/protocol';
import { PayloadStore } from '../payload-store.ts';
import { fetchVector, type VectorSource } from '../payloads.ts';
import { CIRCUIT_SIZE, type Inspection, readTerms, requireSettled } from './inspection.ts';
import { paidAsComputed, type RoundMoney, roundMoney } from './money.ts';
import { provenHead } from './proven-head.ts';
import { reasonFor } from './reason.ts';

/** Units by which an aggregator can move a weight or share within what the circuit of `reference-projection` accepts. */
const PROJECTION_FREEDOM = 2;

/** A settled round recomputed from its payloads, beside what the chain recorded. */
export interface RoundExplanation {
  task: TaskState;
  /** Null where they cannot be had here. */
  terms: Terms | null;
  round: RoundState;
  settled: SettledRound;
  /** The rewards computed again from the shares on chain. */
  money: RoundMoney;
  /** Whether these are the rewards that were paid. */
  paidAsAgreed: boolean;
  /** CID of each trainer's payload; null where it committed nothing. */
  cids: (string | null)[];
  /** What could not be had here, and why: a trainer's payload (index from 0), or something of all (null). */
  missing: { trainer: number | null; reason: string }[];
  /** CID of each reference that counted. */
  references: { validator: Address; cid: string }[];
  /** What could be measured of each trainer's update alone; null where it is not held, or there is none. */
  measured: ({ norm: number; dot: bigint | null } | null)[];
  /** The Gram matrix, the rule's leading rows first; null where a payload is missing. */
  gram: bigint[][] | null;
  /** The rule's arithmetic on it. */
  result: RuleResult | null;
  /** One sentence per trainer. */
  reasons: string[];
  /** Whether the recomputed weights and shares are those on chain; null where they cannot be recomputed. */
  agrees: boolean | null;
  /** Whether the recomputed matrix is the one that was proven, by its hash; null where either cannot be had. */
  proven: boolean | null;
}

/**
 * Recompute a settled round from its payloads: why each trainer was, or was not, paid.
 *
 * @throws ChorusError `E_ROUND_NOT_SETTLED`; errors of chain and storage
 */
export async function explainRound(
  inspection: Inspection,
  taskId: bigint,
  number: number,
): Promise<RoundExplanation> {
  const { chain, storage, proving, signal } = inspection;
  const task = await chain.task(taskId);
  const settled = await requireSettled(chain, task, number);
  const missing: RoundExplanation['missing'] = [];
  const [round, members, terms, committer, settlement] = await Promise.all([
    chain.round(taskId, number),
    chain.members(taskId),
    readTerms(inspection, task).catch((error: unknown) => {
      missing.push({ trainer: null, reason: `the terms: ${describeError(error)}` });
      return null;
    }),
    proving.committer(task.dimension),
    chain.settlement(taskId, number).catch((error: unknown) => {
      if (hasCode(error, 'E_CHAIN_CALLDATA')) return null;
      throw error;
    }),
  ]);
  const counted = openedReferences(round, settled.rejected);
  const trainers = committedTrainers(round).filter((index) => !settled.unavailable.includes(index));
  const money = roundMoney(task, settled, counted.length, trainers.length);
  const context = { task, round, members };
  const source: VectorSource = {
    taskId,
    ports: { storage },
    committer,
    payloads: new PayloadStore(),
    signal,
  };

  const updates = await Promise.all(
    round.updates.map(async (committed, index): Promise<UpdateVector | null> => {
      if (!committed || settled.unavailable.includes(index)) return null;
      try {
        return await fetchVector(source, context, {
          kind: 'update',
          author: task.trainers[index]!,
          committed,
          check: true,
        });
      } catch (error) {
        signal.throwIfAborted();
        missing.push({ trainer: index, reason: describeError(error) });
        return null;
      }
    }),
  );
  const references = await Promise.all(
    counted.map((committed) =>
      fetchVector(source, context, {
        kind: 'reference',
        author: committed.validator,
        committed,
        check: true,
      }),
    ),
  ).then(
    (vectors): CountedReference[] => vectors.map((vector, i) => ({ index: counted[i]!.index, vector })),
    (error: unknown) => {
      signal.throwIfAborted();
      missing.push({ trainer: null, reason: `a reference: ${describeError(error)}` });
      return null;
    },
  );
  const head =
    references && terms && missing.length === 0
      ? await provenHead(inspection, { task, round, members, terms, references, settlement }).catch(
          (error: unknown) => {
            signal.throwIfAborted();
            missing.push({ trainer: null, reason: `the novelty row: ${describeError(error)}` });
            return null;
          },
        )
      : null;
  const cidOf = (digest: Hex) => cidFromDigest(digest, payloadBytes(task.dimension));
  const zero = new Int16Array(task.dimension);
  const rows = updates.map((u) => u ?? zero);
  const sum = references && sumReferences(references.map(({ vector }) => vector));
  const plain = gramMatrix([sum ?? new Int32Array(task.dimension), ...rows]);
  const known = {
    task,
    terms,
    round,
    settled,
    money,
    paidAsAgreed: paidAsComputed(money, settled),
    missing,
    cids: round.updates.map((u) => u && cidOf(u.digest)),
    references: counted.map(({ validator, digest }) => ({ validator, cid: cidOf(digest) })),
    measured: updates.map((update, i) => update && measure(plain, i + 1, references !== null)),
  };
  if (missing.length > 0 || !terms || !head) {
    return { ...known, gram: null, result: null, reasons: [], agrees: null, proven: null };
  }
  const gram = hasGroups(terms.rule) ? gramMatrix([...head, ...rows]) : plain;
  const result = ruleById(terms.rule).apply(gram);
  const freedom = hasGroups(terms.rule) ? PROJECTION_FREEDOM : 0;
  return {
    ...known,
    gram,
    result,
    reasons: updates.map((_, index) => reasonFor(result, round, settled.unavailable, index)),
    agrees: alike(result.weights, settled.weights, freedom) && alike(result.shares, settled.shares, freedom),
    proven: settlement ? gramHash(gram, CIRCUIT_SIZE, terms.rule) === settlement.proof.gramHash : null,
  };
}

/** The norm of one update, and its inner product with the reference, from the rows that are held. */
function measure(gram: bigint[][], row: number, referenceHeld: boolean) {
  const square = gram[row]![row]!;
  const alone = ruleById('reference-trust').apply([
    [0n, 0n],
    [0n, square],
  ]);
  return { norm: alone.explanation.rows[0]!.norm, dot: referenceHeld ? gram[0]![row]! : null };
}

function alike(a: readonly number[], b: readonly number[], freedom: number): boolean {
  return a.length === b.length && a.every((value, i) => Math.abs(value - b[i]!) <= freedom);
}
