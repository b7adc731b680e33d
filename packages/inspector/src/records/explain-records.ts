import { type RuleResult, ruleById } from '@chorus/aggregation';
import {
  committedTrainers,
  hasGroups,
  openedReferences,
  REFERENCE_GROUPS,
  type RuleName,
} from '@chorus/protocol';
import { paidAsComputed, type RoundMoney, roundMoney } from './money.ts';
import { reasonFor } from './reason.ts';
import { type RoundRecords, ruleOf } from './records.ts';

/**
 * Units by which an aggregator can move a weight or share within what the circuit of `reference-projection` accepts.
 */
const PROJECTION_FREEDOM = 2;

/** What the rule gives for a round's Gram matrix, next to what the chain recorded. Arrays are by trainer. */
export interface Explained {
  rule: RuleName;
  /** The rewards recomputed from the shares on chain. */
  money: RoundMoney;
  /** Whether they equal the rewards that were paid. */
  paidAsAgreed: boolean;
  /** Norm of each trainer's update, and its inner product with the references; null without an update. */
  measured: ({ norm: number; dot: bigint } | null)[];
  /** The Gram matrix, the rule's leading rows first; null if it is not available. */
  gram: bigint[][] | null;
  /** The rule's arithmetic on it. */
  result: RuleResult | null;
  /** One sentence per trainer. */
  reasons: string[];
  /** Whether the recomputed weights and shares are those on chain; null if they cannot be recomputed. */
  agrees: boolean | null;
}

/**
 * Recompute a settled round from its Gram matrix: why each trainer was, or was not, paid.
 * @param gram the matrix that was proven, which the caller has checked; null: the rule cannot be recomputed
 * @throws ChorusError `E_GRAM_INVALID`, `E_RULE_UNKNOWN`
 */
export function explainRecords(
  { task, round, settled }: Pick<RoundRecords, 'task' | 'round' | 'settled'>,
  gram: bigint[][] | null,
): Explained {
  const trainers = committedTrainers(round).filter((index) => !settled.unavailable.includes(index));
  const counted = openedReferences(round, settled.rejected).length;
  const money = roundMoney(task, settled, counted, trainers.length);
  const rule = ruleOf(task);
  const known = { rule, money, paidAsAgreed: paidAsComputed(money, settled), gram };
  if (!gram) {
    const measured = task.trainers.map(() => null);
    return { ...known, measured, result: null, reasons: [], agrees: null };
  }
  const result = ruleById(rule).apply(gram);
  const freedom = hasGroups(rule) ? PROJECTION_FREEDOM : 0;
  const appointed = task.validators.length;
  return {
    ...known,
    measured: task.trainers.map((_, i) => (trainers.includes(i) ? measure(gram, rule, appointed, i) : null)),
    result,
    reasons: task.trainers.map((_, index) => reasonFor(result, round, settled.unavailable, index)),
    agrees: alike(result.weights, settled.weights, freedom) && alike(result.shares, settled.shares, freedom),
  };
}

/** The norm of one update, and its inner product with the sum of the references. */
function measure(gram: bigint[][], rule: RuleName, appointed: number, trainer: number) {
  const groups = hasGroups(rule) ? REFERENCE_GROUPS : 1;
  const row = trainer + (hasGroups(rule) ? groups + 1 : 1);
  const square = gram[row]![row]!;
  const alone = ruleById('reference-trust').apply([
    [0n, 0n],
    [0n, square],
  ]);
  const sum = gram.slice(0, groups).reduce((total, head) => total + head[row]!, 0n);
  // Fewer than three appointed validators make no groups: each holds every reference.
  const times = appointed < groups ? BigInt(groups) : 1n;
  return { norm: alone.explanation.rows[0]!.norm, dot: sum / times };
}

function alike(a: readonly number[], b: readonly number[], freedom: number): boolean {
  return a.length === b.length && a.every((value, i) => Math.abs(value - b[i]!) <= freedom);
}
