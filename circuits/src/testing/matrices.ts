import { readFileSync } from 'node:fs';
import { type CircuitSize, FIELD_ORDER, type GramMatrix } from '../gram.ts';
import { buildContributionInput, type ContributionInput } from '../input.ts';
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

/** The shared vectors of the rule, their matrices unfolded to (n + 1) x (n + 1). */
export function sharedVectors(): RuleVector[] {
  const file = new URL('../../../test/vectors/rule/reference-trust.json', import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, 'utf8'));
  return cases.map((c: RuleVector & { gram: unknown }) => ({
    ...c,
    gram: unfold(c.gram as unknown as string[], c.n),
  }));
}

function unfold(triangle: readonly string[], n: number): GramMatrix {
  const gram = Array.from({ length: n + 1 }, () => new Array<bigint>(n + 1).fill(0n));
  let at = 0;
  for (let i = 0; i <= n; i++) {
    for (let j = i; j <= n; j++, at++) gram[i]![j] = gram[j]![i] = BigInt(triangle[at]!);
  }
  return gram;
}
