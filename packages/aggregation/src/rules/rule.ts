import { ChorusError } from '@chorus/protocol';
import { MAX_TRAINER_ROWS } from '../arithmetic/gram.ts';

/** Reason for a trainer's weight and share. */
export type Reason =
  /** No update, or a zero one (docs/explain/proofs.md counts both as absent). */
  | 'absent'
  /** `reference-projection`: the norm is below 256, too small to be measured. */
  | 'too small'
  /** The reference (or, in `reference-projection`, a target) is zero: there is no direction to measure against. */
  | 'no reference'
  /** The inner product with the reference, or with one of the targets, is negative or zero. */
  | 'points away from the reference'
  /** `reference-projection`: what it explains of some target, the others explain without it. */
  | 'explained by others'
  /** `reference-projection`: it points along public vectors only, so none of its worth needed training. */
  | 'nothing new'
  /** It helps, but so much less than others that its share rounds to zero. */
  | 'negligible'
  | 'paid';

/**
 * The values that every rule gives for one trainer. Index i of all arrays is trainer i, row headRows + i of the
 * matrix.
 */
interface RowOfAnyRule {
  /** It counts as an update: G_ii > 0 (`reference-trust`) or G_ii >= 2^16 (`reference-projection`). */
  present: boolean;
  /** r_i = isqrt(G_ii), below 2^31. */
  norm: number;
  /** In [0, 65536]: 65536 means not clipped. */
  clip: number;
  /** The weight is proportional to it. */
  mass: number;
  /** The share is proportional to it. */
  score: bigint;
  /** In [0, 65536]. */
  weight: number;
  /** In [0, 2^32]. */
  share: number;
  reason: Reason;
}

/** The arithmetic of `reference-trust` for one trainer, every number as the circuit computes it. */
export interface TrustRow extends RowOfAnyRule {
  /** max(0, G_0i), below 2^62. */
  dot: bigint;
  /** floor(dot / norm). */
  cosine: bigint;
  /** In [0, 65536]: 65536 means full trust. mass = trust * clip, score = dot * clip. */
  trust: number;
}

/** One number for each of the three targets; target k is the sum of the two groups other than k. */
export type ByTarget<T> = readonly [T, T, T];

/** The arithmetic of `reference-projection` for one trainer, every number as the circuit computes it. */
export interface ProjectionRow extends RowOfAnyRule {
  /** Present, and its inner product with each target is positive. */
  eligible: boolean;
  /** t_i = G_0i + G_1i + G_2i, the inner product with the sum of all references; signed. */
  dot: bigint;
  /** floor(t_i / r_i) if eligible, else 0. */
  cosine: bigint;
  /** b_i^k = t_i - G_ki; signed. */
  dots: ByTarget<bigint>;
  /** Whether the cap at twice the median cosine binds, by target. */
  capped: ByTarget<boolean>;
  /** beta_i^k = min(3 b_i^k, 4 q r_i) if eligible, else 0: in thirds, so that twice the median is exact. */
  cappedDots: ByTarget<bigint>;
  /** X_i^k = round(2^48 a_i), the coefficient in the projection on target k. Private input of the circuit. */
  coefficients: ByTarget<bigint>;
  /** The first target with the smallest X_i^k beta_i^k: the one that decides the pay. */
  smallestTarget: 0 | 1 | 2;
  /** phi_i = min_k X_i^k beta_i^k. */
  projection: bigint;
  /** The phi_i of a round in which no other trainer is eligible, capped dots as they are: for explanations. */
  alone: bigint;
  /** G_3i, the inner product with the novelty row; signed. */
  novelty: bigint;
  /** In [0, 256]: 256 if a sixth of the dot product or more is new. score = projection * gate^4. */
  gate: number;
  /** l_i = floor(r_i (X_i^0 + X_i^1 + X_i^2) / 2^48). */
  length: number;
  /** The eligible trainer whose update is most like this one, and the cosine between them; null without another. */
  nearest: { trainer: number; cosine: number } | null;
}

interface TotalsOfAnyRule<Row> {
  /** m: the norm beyond which an update is clipped. */
  medianNorm: number;
  /** q: the median of the cosines, of present (`reference-trust`) or eligible (`reference-projection`) trainers. */
  medianCosine: bigint;
  /** Sum of the masses, below 2^39. */
  totalMass: number;
  /** Sum of the scores. */
  totalScore: bigint;
  rows: Row[];
}

export interface TrustExplanation extends TotalsOfAnyRule<TrustRow> {
  rule: 'reference-trust';
}

export interface ProjectionExplanation extends TotalsOfAnyRule<ProjectionRow> {
  rule: 'reference-projection';
  /** Q: the length from which a weight is full; at least 1. */
  medianLength: number;
}

/** The decision of a rule and its derivation; `explanation.rule` names the rule. */
export interface RuleResult<Explanation = TrustExplanation | ProjectionExplanation> {
  /** Each and in sum at most 2^16. */
  weights: number[];
  /** Each and in sum at most 2^32. */
  shares: number[];
  explanation: Explanation;
}

/**
 * A robust aggregation and contribution rule: a pure function of the Gram matrix, so that one proof of the
 * matrix serves every rule and the model's size never enters.
 */
export interface Rule {
  /** Its name in a task's terms. */
  readonly id: 'reference-trust' | 'reference-projection';
  readonly version: number;
  /** Rows of the matrix before the trainers': 1 (the reference), or 4 (three groups of references, the novelty). */
  readonly headRows: 1 | 4;
  /**
   * @param gram symmetric, headRows + n rows, n from 1 to 64; entries within the rule's limits
   * @throws ChorusError `E_GRAM_INVALID`
   */
  apply(gram: readonly (readonly bigint[])[]): RuleResult;
}

/** Limits of a rule's circuit: magnitudes of entries are below these. */
export interface GramShape {
  headRows: number;
  /** Entries of a head row with any row. */
  headLimit: bigint;
  /** Entries of two trainers. */
  limit: bigint;
}

/**
 * @throws ChorusError `E_GRAM_INVALID` unless the matrix is square, symmetric, of 1 to 64 trainers after the head
 * rows, within the limits, and without a negative number on the diagonal
 */
export function checkGram(gram: readonly (readonly bigint[])[], shape: GramShape): void {
  const { headRows } = shape;
  const rows = gram.length;
  const refuse = (message: string, i: number, j: number): ChorusError =>
    new ChorusError('E_GRAM_INVALID', message, { facts: { rows, row: i, column: j } });
  if (rows <= headRows || rows > headRows + MAX_TRAINER_ROWS) {
    throw refuse(`a Gram matrix has ${headRows} head row(s) and 1 to ${MAX_TRAINER_ROWS} trainers`, 0, 0);
  }
  for (let i = 0; i < rows; i++) {
    if (gram[i]!.length !== rows) throw refuse('the Gram matrix is not square', i, gram[i]!.length);
    for (let j = 0; j < rows; j++) {
      const entry = gram[i]![j]!;
      const limit = i < headRows || j < headRows ? shape.headLimit : shape.limit;
      if (entry <= -limit || entry >= limit) {
        throw refuse(`an entry is 2^${limit.toString(2).length - 1} or more`, i, j);
      }
      if (entry !== gram[j]?.[i]) throw refuse('the Gram matrix is not symmetric', i, j);
    }
    if (gram[i]![i]! < 0n) throw refuse('a squared norm is negative', i, i);
  }
}
