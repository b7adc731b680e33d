import { aggregate, gramMatrix, referenceTrust } from '@chorus/aggregation';
import { G1_INFINITY } from '@chorus/protocol';
import type { CircuitSize, RoundStatement } from '../statement.ts';
import { commitTo } from './reference-prover.ts';

export const CONTRACT = '0x00000000000000000000000000000000c0ffee01' as const;

export const PROVER = '0x00000000000000000000000000000000000000a1' as const;

export interface TestRound {
  statement: RoundStatement;
  /** Row 0 the reference, then the trainers; null where absent. */
  vectors: (Int16Array | Int32Array | null)[];
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

/** An honest round: trainers pulled to one hidden direction, every third with noise only where `absent`. */
export function randomRound(options: {
  seed: number;
  trainers: number;
  N: number;
  dimension?: number;
  size?: CircuitSize;
  amplitude?: number;
  absent?: readonly number[];
}): TestRound {
  const { seed, trainers, N, dimension = N, size = 16, amplitude = 1000, absent = [] } = options;
  const random = generator(seed);
  const direction = Array.from({ length: dimension }, () => random() - 0.5);
  const noisy = (pull: number): Int16Array =>
    Int16Array.from(direction, (x) =>
      Math.max(-32767, Math.min(32767, Math.round(amplitude * (pull * x + 0.6 * (random() - 0.5))))),
    );
  const reference = Int32Array.from(noisy(1), (x) => 3 * x);
  const updates = Array.from({ length: trainers }, (_, i) =>
    absent.includes(i) ? null : noisy(0.3 + random()),
  );
  return honestRound({ chainId: 31337, taskId: BigInt(seed), round: 3, size, N }, reference, updates);
}

/** Statement and vectors for given vectors, commitments by knowing tau. */
export function honestRound(
  ids: Pick<RoundStatement, 'chainId' | 'taskId' | 'round' | 'size' | 'N'>,
  reference: Int32Array,
  updates: readonly (Int16Array | null)[],
): TestRound {
  const present = updates.map((u) => u ?? new Int16Array(reference.length));
  const { weights, shares } = referenceTrust(gramMatrix([reference, ...present]));
  const pad = <T>(values: readonly T[], zero: T): T[] =>
    Array.from({ length: ids.size }, (_, i) => values[i] ?? zero);
  const total = updates.every((u) => u === null) ? [] : [...aggregate(updates, weights)];
  const statement: RoundStatement = {
    ...ids,
    contract: CONTRACT,
    prover: PROVER,
    commitments: [
      commitTo([...reference]),
      ...pad(updates, null).map((u) => (u === null ? { ...G1_INFINITY } : commitTo([...u]))),
    ],
    weights: pad(weights, 0),
    shares: pad(shares, 0),
    aggregate: commitTo(total),
  };
  return { statement, vectors: [reference, ...updates] };
}
