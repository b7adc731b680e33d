import { ChorusError } from '@chorus/protocol';
import { MAX_ROWS } from '../gram.ts';

/** Why a trainer got what it got. */
export type Reason =
  /** No update, or a zero one (proofs.md counts both as absent). */
  | 'absent'
  /** The reference is zero: there is no direction to be measured against. */
  | 'no reference'
  /** The inner product with the reference is negative or zero. */
  | 'points away from the reference'
  /** It helps, but so much less than others that its share rounds to zero. */
  | 'negligible'
  | 'paid';

/** The arithmetic for one trainer, every number as the circuit computes it. */
export interface RuleRow {
  /** G_ii > 0. */
  present: boolean;
  /** r_i = isqrt(G_ii), below 2^31. */
  norm: number;
  /** In [0, 65536]: 65536 means not clipped. */
  clip: number;
  /** max(0, G_0i), below 2^62. */
  dot: bigint;
  /** floor(dot / norm). */
  cosine: bigint;
  /** In [0, 65536]: 65536 means full trust. */
  trust: number;
  /** t_i = trust * clip, at most 2^32: what the weight is proportional to. */
  mass: number;
  /** phi_i = dot * clip, below 2^78: what the share is proportional to. */
  score: bigint;
  /** In [0, 65536]. */
  weight: number;
  /** In [0, 2^32]. */
  share: number;
  reason: Reason;
}

/** What a rule decided, and how. Index i of the arrays is trainer i+1, row i+1 of the matrix. */
export interface RuleResult {
  /** Each and in sum at most 2^16. */
  weights: number[];
  /** Each and in sum at most 2^32. */
  shares: number[];
  explanation: {
    /** m: the norm beyond which an update is clipped. */
    medianNorm: number;
    /** q: the median of the cosines. */
    medianCosine: bigint;
    /** Sum of the masses, at most 2^38. */
    totalMass: number;
    /** Sum of the scores. */
    totalScore: bigint;
    rows: RuleRow[];
  };
}

/**
 * A robust aggregation and contribution rule: a pure function of the Gram matrix, so that one proof of the
 * matrix serves every rule and the model's size never enters.
 */
export interface Rule {
  /** As in a task's terms. */
  readonly id: string;
  readonly version: number;
  /**
   * @param gram symmetric (n+1) x (n+1), row 0 the reference, |G_ij| < 2^62, n from 1 to 64
   * @throws ChorusError `E_GRAM_INVALID`
   */
  apply(gram: readonly (readonly bigint[])[]): RuleResult;
}

/** Entries of a Gram matrix are below this: 15 summed references at d = 2^22 stay below 2^60. */
export const GRAM_LIMIT = 1n << 62n;

/**
 * @throws ChorusError `E_GRAM_INVALID` unless the matrix is square, symmetric, of 2 to 65 rows, within
 *   (-2^62, 2^62), and without a negative number on the diagonal
 */
export function checkGram(gram: readonly (readonly bigint[])[]): void {
  const rows = gram.length;
  const refuse = (message: string, i: number, j: number): ChorusError =>
    new ChorusError('E_GRAM_INVALID', message, { facts: { rows, row: i, column: j } });
  if (rows < 2 || rows > MAX_ROWS) throw refuse('a Gram matrix has the reference and 1 to 64 trainers', 0, 0);
  for (let i = 0; i < rows; i++) {
    if (gram[i]!.length !== rows) throw refuse('the Gram matrix is not square', i, gram[i]!.length);
    for (let j = 0; j < rows; j++) {
      const entry = gram[i]![j]!;
      if (entry <= -GRAM_LIMIT || entry >= GRAM_LIMIT) throw refuse('an entry is 2^62 or more', i, j);
      if (entry !== gram[j]?.[i]) throw refuse('the Gram matrix is not symmetric', i, j);
    }
    if (gram[i]![i]! < 0n) throw refuse('a squared norm is negative', i, i);
  }
}
