import { packShares, packWeights } from '@chorus/aggregation';
import { addPoints, isOnCurve } from '@chorus/commitment/verify';
import {
  type Address,
  ChorusError,
  G1_INFINITY,
  type G1Point,
  hasGroups,
  MAX_DIMENSION,
  MAX_ROUNDS,
  RULE_NAMES,
  type RuleName,
  referenceGroups,
  SHARE_ONE,
  sameG1,
  WEIGHT_ONE,
} from '@chorus/protocol';

/** Number of trainers that the circuit has rows for. */
export type CircuitSize = 16 | 64;

/** Rows of a rule's Gram matrix before the trainers': 1, the sum of the references; or 4, by group and their novelty. */
export function headRows(rule: RuleName): 1 | 4 {
  return hasGroups(rule) ? 4 : 1;
}

/**
 * The claim of a proof of contribution about one round: all of it public, and checked by the chain against its own
 * state. Arrays have the circuit's size; rows beyond the task's trainers, and trainers that committed nothing or
 * whose payload was unavailable, have C = (0, 0), weight 0 and share 0.
 */
export interface RoundStatement {
  /** The rule that gives weights and shares. */
  rule: RuleName;
  chainId: number;
  /** The contract that settles. */
  contract: Address;
  taskId: bigint;
  round: number;
  /** The account that settles with this proof; a proof sent by another account does not hold. */
  prover: Address;
  /** n */
  size: CircuitSize;
  /** Number of coefficients of the committed polynomials: a power of two >= d. */
  N: number;
  /**
   * Commitments of the leading rows, then one per trainer. `reference-trust`: 1 + n, the first of the sum of the
   * references. `reference-projection`: 4 + n, the first three of the sums by group, the fourth of the novelty.
   */
  commitments: G1Point[];
  /** n weights, in sum at most 2^16. */
  weights: number[];
  /** n shares, in sum at most 2^32. */
  shares: number[];
  /** C_A, the commitment to sum_i w_i u_i. */
  aggregate: G1Point;
}

export interface StatementParts extends Omit<RoundStatement, 'commitments' | 'size'> {
  size?: CircuitSize;
  /** The opened references that count, with their validators' places in the appointment. */
  references: readonly { index: number; commitment: G1Point }[];
  /** Validators that the task appointed: fewer than three make no groups. */
  appointed: number;
  /** C_v; null or (0, 0) for rules without novelty. */
  novelty: G1Point | null;
  /** One per trainer in index order; null if absent. */
  updates: readonly (G1Point | null)[];
}

/**
 * The statement of a round from chain state, padded to the circuit's size.
 * @throws ChorusError `E_STATEMENT_INVALID`
 */
export function roundStatement(parts: StatementParts): RoundStatement {
  const { references, appointed, novelty, updates, weights, shares, size = 16, ...rest } = parts;
  if (updates.length > size)
    throw invalid('more trainers than the circuit has rows', { trainers: updates.length });
  const pad = <T>(values: readonly T[], zero: T): T[] =>
    Array.from({ length: size }, (_, i) => values[i] ?? zero);
  const sum = (group: readonly { commitment: G1Point }[]): G1Point =>
    addPoints(group.map((r) => r.commitment));
  const head = hasGroups(rest.rule)
    ? [...referenceGroups(references, appointed).map(sum), novelty ?? { ...G1_INFINITY }]
    : [sum(references)];
  if (head.length === 1 && novelty !== null && !sameG1(novelty, G1_INFINITY)) {
    throw invalid('the rule has no novelty', { rule: rest.rule });
  }
  const statement: RoundStatement = {
    ...rest,
    size,
    commitments: [...head, ...pad(updates, null).map((c) => c ?? { ...G1_INFINITY })],
    weights: pad(weights, 0),
    shares: pad(shares, 0),
  };
  checkStatement(statement);
  return statement;
}

/**
 * Checks everything that can be wrong with a statement by itself.
 * @throws ChorusError `E_STATEMENT_INVALID` with the first fault
 */
export function checkStatement(s: RoundStatement): void {
  if (!RULE_NAMES.includes(s.rule)) throw invalid('there is no such rule', { rule: String(s.rule) });
  if (s.size !== 16 && s.size !== 64) throw invalid('the circuit has no such size', { size: s.size });
  if (!Number.isSafeInteger(s.chainId) || s.chainId < 1)
    throw invalid('not a chain id', { chainId: s.chainId });
  if (!/^0x[0-9a-fA-F]{40}$/.test(s.contract))
    throw invalid('not a contract address', { contract: s.contract });
  if (s.taskId < 0n || s.taskId >= 1n << 64n) throw invalid('not a task id', { taskId: s.taskId });
  if (!Number.isInteger(s.round) || s.round < 1 || s.round > MAX_ROUNDS) {
    throw invalid('not a round', { round: s.round });
  }
  if (!/^0x[0-9a-fA-F]{40}$/.test(s.prover)) throw invalid('not an address', { prover: s.prover });
  if (!Number.isInteger(Math.log2(s.N)) || s.N < 2 || s.N > MAX_DIMENSION) {
    throw invalid('N is not a power of two from 2 to 2^22', { N: s.N });
  }
  const rows = headRows(s.rule) + s.size;
  if (s.commitments.length !== rows || s.weights.length !== s.size || s.shares.length !== s.size) {
    throw invalid('the arrays do not have the size of the circuit', {
      commitments: s.commitments.length,
      weights: s.weights.length,
      shares: s.shares.length,
    });
  }
  checkParts('weight', s.weights, WEIGHT_ONE);
  checkParts('share', s.shares, SHARE_ONE);
  const bad = [...s.commitments, s.aggregate].findIndex((point) => !isOnCurve(point));
  if (bad >= 0) throw invalid('a commitment is not a point of the curve', { index: bad });
}

function checkParts(name: string, values: readonly number[], whole: number): void {
  let sum = 0;
  for (const [index, value] of values.entries()) {
    if (!Number.isInteger(value) || value < 0 || value > whole) {
      throw invalid(`a ${name} is out of range`, { index, value });
    }
    sum += value;
  }
  if (sum > whole) throw invalid(`the ${name}s sum to more than a whole`, { sum, whole });
}

/** The statement's packed words: ceil(n/14) of weights and ceil(n/7) of shares. */
export function packedWords(s: Pick<RoundStatement, 'weights' | 'shares'>): {
  weights: bigint[];
  shares: bigint[];
} {
  return { weights: packWeights(s.weights), shares: packShares(s.shares) };
}

function invalid(message: string, facts: Record<string, string | number | bigint>): ChorusError {
  return new ChorusError('E_STATEMENT_INVALID', message, { facts });
}
