import { ChorusError } from '@chorus/protocol';
import {
  bilinearForm,
  type CircuitSize,
  FIELD_ORDER,
  type GramMatrix,
  gramHash,
  packWords,
  upperTriangle,
} from './gram.ts';

/** Weights are at most 2^16, so they take 17 bits; 14 of them fit in a public word. */
const WEIGHT_BITS = 17n;
const WEIGHTS_PER_WORD = 14;

/** Shares are at most 2^32, so they take 33 bits; 7 of them fit in a public word. */
const SHARE_BITS = 33n;
const SHARES_PER_WORD = 7;

/** Coefficients of `reference-projection` are below 2^67. */
const COEFFICIENT_BITS = 67n;
const TARGETS = 3;

interface StatementOfAnyRule {
  /** Symmetric: the rule's head rows, then k <= size trainers. */
  gram: GramMatrix;
  /** The transcript's challenges, in [0, p). */
  alpha: bigint;
  beta: bigint;
  /** What the rule gives for this matrix: one weight and one share for each trainer; zeros may be left out. */
  weights: readonly (number | bigint)[];
  shares: readonly (number | bigint)[];
  size: CircuitSize;
}

export type ContributionStatement = StatementOfAnyRule &
  (
    | { rule?: 'reference-trust' }
    | {
        rule: 'reference-projection';
        /** Each trainer's three coefficients as the rule gives them (`explanation.rows[i].coefficients`). */
        coefficients: readonly (readonly bigint[])[];
      }
  );

/** The circuit's input signals by name, as snarkjs's witness calculation takes them. */
export interface ContributionSignals {
  alpha: bigint;
  beta: bigint;
  innerProduct: bigint;
  gramHash: bigint;
  weightWords: bigint[];
  shareWords: bigint[];
  gram: bigint[];
  /** `reference-projection` only: three times `size` values, by target, then by trainer. */
  coefficient?: bigint[];
}

export interface ContributionInput {
  signals: ContributionSignals;
  /** alpha, beta, c, h, weight words, share words: what the verifier checks the proof against, in this order. */
  publicSignals: bigint[];
}

/**
 * Everything the contribution circuit needs to prove that `weights` and `shares` follow from the Gram matrix.
 *
 * The rule is not computed here but in @chorus/aggregation; if weights or shares differ from it, the witness
 * calculation fails and no proof exists.
 *
 * @throws ChorusError `E_GRAM_INVALID` for a matrix the circuit cannot hold, `E_STATEMENT_INVALID` for a challenge
 *   that is no field element, too many weights, shares or coefficients, or one out of its bits
 */
export function buildContributionInput(statement: ContributionStatement): ContributionInput {
  const { gram, alpha, beta, size, rule } = statement;
  for (const [name, challenge] of Object.entries({ alpha, beta })) {
    if (challenge < 0n || challenge >= FIELD_ORDER)
      throw invalid(`${name} is not a field element`, { [name]: challenge });
  }
  const signals: ContributionSignals = {
    alpha,
    beta,
    innerProduct: bilinearForm(gram, alpha, beta),
    gramHash: gramHash(gram, size, rule),
    weightWords: packWeights(statement.weights, size),
    shareWords: packShares(statement.shares, size),
    gram: upperTriangle(gram, size, rule).map((entry) => (entry < 0n ? entry + FIELD_ORDER : entry)),
    ...(statement.rule === 'reference-projection'
      ? { coefficient: byTarget(statement.coefficients, size) }
      : {}),
  };
  return { signals, publicSignals: publicSignals(signals) };
}

/** The public signals in the circuit's order. */
export function publicSignals(values: Omit<ContributionSignals, 'gram' | 'coefficient'>): bigint[] {
  const { alpha, beta, innerProduct, gramHash: hash, weightWords, shareWords } = values;
  return [alpha, beta, innerProduct, hash, ...weightWords, ...shareWords];
}

/** ceil(size / 14) words of 14 weights; trainer order, missing ones 0. Throws `E_STATEMENT_INVALID`. */
export function packWeights(weights: readonly (number | bigint)[], size: CircuitSize): bigint[] {
  return packWords(padded('weight', weights, WEIGHT_BITS, size), WEIGHT_BITS, WEIGHTS_PER_WORD);
}

/** ceil(size / 7) words of 7 shares; trainer order, missing ones 0. Throws `E_STATEMENT_INVALID`. */
export function packShares(shares: readonly (number | bigint)[], size: CircuitSize): bigint[] {
  return packWords(padded('share', shares, SHARE_BITS, size), SHARE_BITS, SHARES_PER_WORD);
}

/** Coefficients by target, then by trainer, padded with zeros. */
function byTarget(coefficients: readonly (readonly bigint[])[], size: CircuitSize): bigint[] {
  return Array.from({ length: TARGETS }, (_, k) => {
    const column = coefficients.map((row) => row[k] ?? 0n);
    return padded('coefficient', column, COEFFICIENT_BITS, size);
  }).flat();
}

function padded(
  what: string,
  values: readonly (number | bigint)[],
  bits: bigint,
  size: CircuitSize,
): bigint[] {
  if (values.length > size)
    throw invalid(`more ${what}s than the circuit has rows`, { count: values.length, size });
  return Array.from({ length: size }, (_, index) => {
    const value = BigInt(values[index] ?? 0);
    if (value < 0n || value >> bits !== 0n) throw invalid(`a ${what} is out of range`, { index, value });
    return value;
  });
}

function invalid(what: string, facts: Record<string, number | bigint>): ChorusError {
  return new ChorusError('E_STATEMENT_INVALID', what, { facts });
}
