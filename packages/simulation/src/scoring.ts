import {
  type CountedReference,
  gramMatrix,
  noveltyVector,
  publicSpan,
  type Reason,
  ruleById,
  sumGroups,
  sumReferences,
} from '@chorus/aggregation';
import { type RuleName, SHARE_ONE, WEIGHT_ONE } from '@chorus/protocol';
import { type EndedRound, publicVectors } from '@chorus/service-training/simulation';
import type { GlobalModel } from '@chorus/training';

/** Scoring of a round: a rule of the chain, or federated averaging for comparison (McMahan et al. 2017). */
export type Scoring = RuleName | 'fedavg';

export interface Scores {
  /** Weights in units of 2^-16, by trainer. */
  weights: number[];
  /** Shares in units of 2^-32, by trainer. */
  shares: number[];
  /** Part of the pay, in 256ths, that the novelty row left; null under rules without one. */
  gates: (number | null)[];
  reasons: Reason[];
}

export interface ScoringInput {
  updates: readonly Int16Array[];
  /** Samples behind each update: the weights of federated averaging. */
  samples: readonly number[];
  /** One reference for each validator. */
  references: readonly Int16Array[];
  /** The vectors that are public before the round, the newest first. */
  ended: readonly EndedRound[];
  model: GlobalModel;
  /** Sizes of the model's tensors. */
  tensors: readonly number[];
  /** The novelty row is the whole sum of the references. */
  noveltyOff?: boolean;
}

/** Weights and shares of one round, exactly as nodes, circuit and contracts compute them. */
export function score(scoring: Scoring, input: ScoringInput): Scores {
  const { updates, samples } = input;
  if (scoring === 'fedavg') {
    const all = samples.reduce((sum, n) => sum + n, 0);
    return {
      weights: samples.map((n) => Math.floor((WEIGHT_ONE * n) / all)),
      shares: samples.map((n) => Math.floor((SHARE_ONE * n) / all)),
      gates: samples.map(() => null),
      reasons: samples.map(() => 'paid'),
    };
  }
  const { weights, shares, explanation } = ruleById(scoring).apply(
    gramMatrix([...headRows(scoring, input), ...updates]),
  );
  const gates =
    explanation.rule === 'reference-projection'
      ? explanation.rows.map((row) => (row.eligible ? row.gate : null))
      : updates.map(() => null);
  return { weights, shares, gates, reasons: explanation.rows.map(({ reason }) => reason) };
}

function headRows(rule: RuleName, input: ScoringInput): Int32Array[] {
  const { references, ended, model, tensors } = input;
  if (rule === 'reference-trust') return [sumReferences(references)];
  const counted: CountedReference[] = references.map((vector, index) => ({ index, vector }));
  const groups = sumGroups(counted, references.length, model.sum.length);
  const publicDirections =
    input.noveltyOff || ended.length === 0 ? [] : publicSpan(publicVectors(ended, model, tensors));
  return [...groups, noveltyVector({ groups, publicDirections })];
}
