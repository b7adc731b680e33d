import { aggregate, gramMatrix, type RuleResult, ruleById } from '@chorus/aggregation';
import { G1_INFINITY, hasGroups, type RuleName } from '@chorus/protocol';
import type { CircuitSize, RoundStatement } from '../statement/statement.ts';
import { commitTo } from './reference-prover.ts';

export const CONTRACT = '0x00000000000000000000000000000000c0ffee01' as const;

export const PROVER = '0x00000000000000000000000000000000000000a1' as const;

export interface TestRound {
  statement: RoundStatement;
  /** The rule's leading rows, then the trainers; null if absent. */
  vectors: (Int16Array | Int32Array | null)[];
  /** The result of the rule. */
  result: RuleResult;
}

/** mulberry32 */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * An honest round: trainers pulled to one hidden direction. By `reference-projection` each group has a direction of its
 * own near it, and of their sum a part along one public vector is not new.
 */
export function randomRound(options: {
  seed: number;
  trainers: number;
  N: number;
  rule?: RuleName;
  dimension?: number;
  size?: CircuitSize;
  amplitude?: number;
  absent?: readonly number[];
}): TestRound {
  const { seed, trainers, N, dimension = N, size = 16, amplitude = 1000, absent = [] } = options;
  const rule = options.rule ?? 'reference-trust';
  const random = generator(seed);
  const direction = Array.from({ length: dimension }, () => random() - 0.5);
  const noisy = (pull: number, noise = 0.6): Int16Array =>
    Int16Array.from(direction, (x) =>
      Math.max(-32767, Math.min(32767, Math.round(amplitude * (pull * x + noise * (random() - 0.5))))),
    );
  const head = hasGroups(rule)
    ? headOf([noisy(1, 0.3), noisy(1, 0.3), noisy(1, 0.3)], noisy(0.3))
    : [Int32Array.from(noisy(1), (x) => 3 * x)];
  const updates = Array.from({ length: trainers }, (_, i) =>
    absent.includes(i) ? null : noisy(0.3 + random()),
  );
  return honestRound({ rule, chainId: 31337, taskId: BigInt(seed), round: 3, size, N }, head, updates);
}

/** Groups and the novelty of their sum: the sum less its projection on one public vector, rounded. */
function headOf(groups: Int16Array[], publicVector: Int16Array): Int32Array[] {
  const sum = Int32Array.from(groups[0]!, (_, k) => groups.reduce((total, g) => total + g[k]!, 0));
  const product = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).reduce((total, x, k) => total + x * b[k]!, 0);
  const part = product(sum, publicVector) / Math.max(1, product(publicVector, publicVector));
  const novelty = Int32Array.from(sum, (x, k) => Math.round(x - part * publicVector[k]!));
  return [...groups.map((g) => Int32Array.from(g)), novelty];
}

/** Statement and vectors for given vectors, commitments by knowing tau. */
export function honestRound(
  ids: Pick<RoundStatement, 'rule' | 'chainId' | 'taskId' | 'round' | 'size' | 'N'>,
  head: readonly (Int32Array | null)[],
  updates: readonly (Int16Array | null)[],
): TestRound {
  const length = head.find((row) => row !== null)!.length;
  const rows = [...head, ...updates].map((row) => row ?? new Int16Array(length));
  const result = ruleById(ids.rule).apply(gramMatrix(rows));
  const { weights, shares } = result;
  const pad = <T>(values: readonly T[], zero: T): T[] =>
    Array.from({ length: ids.size }, (_, i) => values[i] ?? zero);
  const present = rows.slice(head.length) as Int16Array[];
  const total = updates.every((u) => u === null) ? [] : [...aggregate(present, weights)];
  const commit = (row: ArrayLike<number> | null) =>
    row === null ? { ...G1_INFINITY } : commitTo(Array.from(row));
  const statement: RoundStatement = {
    ...ids,
    contract: CONTRACT,
    prover: PROVER,
    commitments: [...head.map(commit), ...pad<Int16Array | null>(updates, null).map(commit)],
    weights: pad(weights, 0),
    shares: pad(shares, 0),
    aggregate: commitTo(total),
  };
  return { statement, vectors: [...head, ...updates], result };
}
