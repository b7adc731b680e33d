import { type RuleResult, ruleById } from '@chorus/aggregation';
import { decimalsOf } from '@chorus/chain';
import {
  type Address,
  cidFromDigest,
  committedTrainers,
  describeError,
  type Hex,
  hasGroups,
  openedReferences,
  REFERENCE_GROUPS,
  type RoundState,
  type RuleName,
  type SettledRound,
  storedPayloadBytes,
  type TaskState,
  type Terms,
} from '@chorus/protocol';
import { findSummary } from './history/find-summary.ts';
import { reasonFor } from './history/reason.ts';
import { type Inspection, readTerms, requireSettled, summarySource } from './inspection.ts';
import { paidAsComputed, type RoundMoney, roundMoney } from './money.ts';
import { ruleOf } from './proven-round.ts';

/**
 * Units by which an aggregator can move a weight or share within what the circuit of `reference-projection` accepts.
 */
const PROJECTION_FREEDOM = 2;

/** A settled round recomputed from its Gram matrix, next to the chain's records. */
export interface RoundExplanation {
  task: TaskState;
  /** Of the task's token; null while the chain does not say. */
  decimals: number | null;
  rule: RuleName;
  /** Null if they are not available here. */
  terms: Terms | null;
  round: RoundState;
  settled: SettledRound;
  /** The rewards recomputed from the shares on chain. */
  money: RoundMoney;
  /** Whether they equal the rewards that were paid. */
  paidAsAgreed: boolean;
  /** CID of each trainer's payload; null if it committed nothing, or the terms are not available. */
  cids: (string | null)[];
  /** Why the Gram matrix is not available here; null if it is. */
  missing: string | null;
  /** CID of each reference that counted. */
  references: { validator: Address; cid: string | null }[];
  /** Norm of each trainer's update, and its inner product with the references; null without an update. */
  measured: ({ norm: number; dot: bigint } | null)[];
  /** The Gram matrix that was proven, the rule's leading rows first. */
  gram: bigint[][] | null;
  /** The rule's arithmetic on it. */
  result: RuleResult | null;
  /** One sentence per trainer. */
  reasons: string[];
  /** Whether the recomputed weights and shares are those on chain; null if they cannot be recomputed. */
  agrees: boolean | null;
}

/**
 * Recompute a settled round from its Gram matrix: why each trainer was, or was not, paid. The matrix comes from a
 * peer
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
  const counted = openedReferences(round, settled.rejected);
  const trainers = committedTrainers(round).filter((index) => !settled.unavailable.includes(index));
  const money = roundMoney(task, settled, counted.length, trainers.length);
  const rule = ruleOf(task);
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
  const known = {
    task,
    decimals,
    rule,
    terms,
    round,
    settled,
    money,
    paidAsAgreed: paidAsComputed(money, settled),
    missing,
    cids: round.updates.map((u) => u && cidOf(u.digest)),
    references: counted.map(({ validator, digest }) => ({ validator, cid: cidOf(digest) })),
    gram,
  };
  if (!gram) {
    const measured = task.trainers.map(() => null);
    return { ...known, measured, result: null, reasons: [], agrees: null };
  }
  const result = ruleById(rule).apply(gram);
  const freedom = hasGroups(rule) ? PROJECTION_FREEDOM : 0;
  return {
    ...known,
    measured: task.trainers.map((_, i) => (trainers.includes(i) ? measure(gram, rule, task, i) : null)),
    result,
    reasons: task.trainers.map((_, index) => reasonFor(result, round, settled.unavailable, index)),
    agrees: alike(result.weights, settled.weights, freedom) && alike(result.shares, settled.shares, freedom),
  };
}

/** The norm of one update, and its inner product with the sum of the references. */
function measure(gram: bigint[][], rule: RuleName, { validators }: TaskState, trainer: number) {
  const groups = hasGroups(rule) ? REFERENCE_GROUPS : 1;
  const row = trainer + (hasGroups(rule) ? groups + 1 : 1);
  const square = gram[row]![row]!;
  const alone = ruleById('reference-trust').apply([
    [0n, 0n],
    [0n, square],
  ]);
  const sum = gram.slice(0, groups).reduce((total, head) => total + head[row]!, 0n);
  // Fewer than three appointed validators make no groups: each holds every reference.
  const times = validators.length < groups ? BigInt(groups) : 1n;
  return { norm: alone.explanation.rows[0]!.norm, dot: sum / times };
}

function alike(a: readonly number[], b: readonly number[], freedom: number): boolean {
  return a.length === b.length && a.every((value, i) => Math.abs(value - b[i]!) <= freedom);
}
