import { readFileSync } from 'node:fs';
import { type CircuitRule, type CircuitSize, FIELD_ORDER, type GramMatrix } from '../gram.ts';
import { buildContributionInput, type ContributionInput } from '../input.ts';
import { referenceProjection } from './projection-rule.ts';
import { referenceTrust } from './rule.ts';

/** A small linear congruential generator: tests are the same in every run. */
function randomIntegers(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** The Gram matrix of a reference and `trainers` random updates that lean towards it. */
export function randomGram(trainers: number, seed: number, dimension = 64): GramMatrix {
  const next = randomIntegers(seed);
  const reference = Array.from({ length: dimension }, () => next(2001) - 1000);
  const updates = Array.from({ length: trainers }, () => {
    const lean = next(5) - 1;
    const scale = 1 + next(4);
    return reference.map((x) => scale * (Math.trunc((lean * x) / 2) + next(2001) - 1000));
  });
  return gramOf([reference, ...updates]);
}

/**
 * The Gram matrix of three references, a novelty row and `trainers` updates that lean towards them more or less; the
 * first reference leans on a public vector, which the novelty row is free of.
 */
export function randomProjectionGram(trainers: number, seed: number, dimension = 64): GramMatrix {
  const next = randomIntegers(seed);
  const noise = (size: number) => Array.from({ length: dimension }, () => next(2 * size + 1) - size);
  const signal = noise(10000);
  const half = dimension / 2;
  const references = [0, 1, 2].map(() => noise(6000).map((x, k) => x + signal[k]! + (k < half ? 3000 : 0)));
  const novelty = references[0]!.map((_, k) =>
    k < half ? 0 : references.reduce((total, reference) => total + reference[k]!, 0),
  );
  const updates = Array.from({ length: trainers }, () => {
    const lean = next(6) - 1;
    const scale = 1 + next(9);
    return noise(900).map((x, k) => scale * (x + Math.trunc((lean * signal[k]!) / 40)));
  });
  return gramOf([...references, novelty, ...updates]);
}

function gramOf(vectors: readonly (readonly number[])[]): GramMatrix {
  return vectors.map((u) => vectors.map((v) => BigInt(u.reduce((sum, x, k) => sum + x * v[k]!, 0))));
}

/** Two fixed challenges that are no small numbers. */
export const ALPHA = FIELD_ORDER / 3n + 12345n;
export const BETA = FIELD_ORDER / 7n + 67890n;

/** The circuit's input for a matrix, weights and shares by the tests' own rule. */
export function honestInput(gram: GramMatrix, size: CircuitSize = 16): ContributionInput {
  const { weights, shares } = referenceTrust(gram);
  return buildContributionInput({ gram, weights, shares, alpha: ALPHA, beta: BETA, size });
}

/** The same for `reference-projection`, with the coefficients of the tests' own rule or those given. */
export function projectionInput(
  gram: GramMatrix,
  size: CircuitSize = 16,
  given?: readonly (readonly bigint[])[],
): ContributionInput {
  const { weights, shares, coefficients } = referenceProjection(gram, given);
  return buildContributionInput({
    rule: 'reference-projection',
    gram,
    weights,
    shares,
    coefficients,
    alpha: ALPHA,
    beta: BETA,
    size,
  });
}

/** One case of the vectors that hold TypeScript, circom and Solidity to the same numbers. */
export interface RuleVector {
  name: string;
  n: CircuitSize;
  gram: GramMatrix;
  weights: number[];
  shares: number[];
  weightsWords: string[];
  sharesWords: string[];
  rows: { norm: string; clip: string; cosine: string; trust: string }[];
}

/** One case of the vectors of `reference-projection`. */
export interface ProjectionVector {
  name: string;
  vectors: boolean;
  n: CircuitSize;
  gram: GramMatrix;
  weights: number[];
  shares: number[];
  weightsWords: string[];
  sharesWords: string[];
  rows: { norm: string; cappedDots: string[]; coefficients: string[]; gate: string; length: string }[];
}

/** The shared vectors of `reference-trust`, their matrices unfolded to (n + 1) x (n + 1). */
export function sharedVectors(): RuleVector[] {
  return vectorsOf('reference-trust', 1);
}

/** The shared vectors of `reference-projection`, their matrices unfolded to (n + 4) x (n + 4). */
export function sharedProjectionVectors(): ProjectionVector[] {
  return vectorsOf('reference-projection', 4);
}

function vectorsOf<Vector extends { n: number; gram: GramMatrix }>(
  rule: CircuitRule,
  headRows: number,
): Vector[] {
  const file = new URL(`../../../test/vectors/rule/${rule}.json`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, 'utf8'));
  return cases.map((c: Vector & { gram: unknown }) => ({
    ...c,
    gram: unfold(c.gram as unknown as string[], headRows + c.n),
  }));
}

function unfold(triangle: readonly string[], rows: number): GramMatrix {
  const gram = Array.from({ length: rows }, () => new Array<bigint>(rows).fill(0n));
  let at = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = i; j < rows; j++, at++) gram[i]![j] = gram[j]![i] = BigInt(triangle[at]!);
  }
  return gram;
}
