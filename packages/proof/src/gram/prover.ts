import { extname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { bilinearForm } from '@chorus/circuits';
import { addPoints, type Srs } from '@chorus/commitment';
import { FIELD_BYTES, G1_BYTES, WorkerPool } from '@chorus/commitment/engine';
import {
  ChorusError,
  type ContributionProof,
  type G1Point,
  MAX_ENTRY,
  REFERENCE_GROUPS,
  type RuleName,
} from '@chorus/protocol';
import { inverse, power, powers, reduce } from '../statement/field.ts';
import { headRows, type RoundStatement } from '../statement/statement.ts';
import { foldChallenge, isUsablePoint, matrixChallenges, pointChallenge } from '../statement/transcript.ts';
import type { CheckInput, CheckResult } from '../verify/checks.ts';
import { MAX_ENTRIES, MAX_HEAD_ENTRY } from './combine.ts';

/** The messages of the Gram argument: a proof without the circuit's part. */
export type GramProof = Omit<ContributionProof, 'groth16'>;

/**
 * The rule's leading rows (the sum of the references; or their three sums by group, then the novelty), then one
 * update per trainer of the task; null if C_i = (0, 0).
 */
export type RoundVectors = readonly (Int16Array | Int32Array | null)[];

export interface GramOptions {
  signal?: AbortSignal | undefined;
  /** Called with a share in [0, 1]. */
  onProgress?: ((done: number) => void) | undefined;
}

export interface GramTiming {
  /** Seconds by part. */
  gram: number;
  combine: number;
  crossTerm: number;
  commitCross: number;
  evaluate: number;
  commitQuotient: number;
}

/** Result of the first phase: the matrix and the challenges that depend on it. */
export interface CommittedGram {
  gram: bigint[][];
  gramHash: bigint;
  seed0: bigint;
  alpha: bigint;
  beta: bigint;
}

/** Rough share of each part in the whole work, for progress. */
const PARTS = {
  gram: 0.05,
  combine: 0.05,
  crossTerm: 0.2,
  commitCross: 0.32,
  evaluate: 0.04,
  commitQuotient: 0.34,
};

export function startGramWorkers(threads: number): WorkerPool {
  return new WorkerPool(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), threads);
}

/**
 * The Gram argument of docs/explain/proofs.md for one N, in worker threads that each hold a slice of the reference
 * string, of the vectors and of every polynomial. One proof at a time.
 */
export class GramProver {
  private readonly pool: WorkerPool;
  private readonly size: number;
  private readonly shared: Record<'v' | 'w' | 'minus' | 'plus', Uint8Array<SharedArrayBuffer>>;

  private constructor(pool: WorkerPool, size: number) {
    this.pool = pool;
    this.size = size;
    const field = (): Uint8Array<SharedArrayBuffer> =>
      new Uint8Array(new SharedArrayBuffer(size * FIELD_BYTES));
    this.shared = { v: field(), w: field(), minus: field(), plus: field() };
  }

  static async create(srs: Srs, threads: number): Promise<GramProver> {
    const pool = startGramWorkers(threads);
    const prover = new GramProver(pool, 2 ** srs.log2Size);
    try {
      await pool.runAll('load', (index) => {
        const [from, to] = prover.slice(index);
        const points = srs.g1.subarray(from * G1_BYTES, to * G1_BYTES);
        return { points, from, to, size: prover.size };
      });
    } catch (error) {
      await pool.close();
      throw error;
    }
    return prover;
  }

  /** Fixes the Gram matrix: everything before alpha and beta. */
  async begin(
    statement: RoundStatement,
    vectors: RoundVectors,
    options: GramOptions & { timing?: Partial<GramTiming> } = {},
  ): Promise<CommittedGram> {
    const { signal, timing = {} } = options;
    const start = performance.now();
    if (statement.N !== this.size) {
      throw refusal('the prover was made for another N', { N: statement.N, prover: this.size });
    }
    if (vectors.length > statement.commitments.length) {
      throw refusal('the circuit has fewer rows', { rows: vectors.length, n: statement.size });
    }
    const { rule, size } = statement;
    const gram = await this.matrix(rule, vectors, signal);
    options.onProgress?.(PARTS.gram);
    const gramHash = await this.pool.run<bigint>(0, 'hash', { gram, size, rule }, { signal });
    timing.gram = seconds(start);
    return { gram, gramHash, ...matrixChallenges(statement, gramHash) };
  }

  /**
   * All inner products, exactly; null rows are zero. The workers keep the vectors until the next call.
   * @throws ChorusError `E_PROOF_INPUT`
   */
  async matrix(rule: RuleName, vectors: RoundVectors, signal?: AbortSignal): Promise<bigint[][]> {
    this.checkVectors(headRows(rule), vectors);
    await this.pool.runAll('begin', () => ({}), { signal });
    const present: number[] = [];
    for (const [index, vector] of vectors.entries()) {
      if (vector === null) continue;
      present.push(index);
      // One row at a time, so that copying many long vectors never blocks the event loop.
      await this.pool.runAll('row', (worker) => ({ values: vector.slice(...this.slice(worker)) }), {
        signal,
      });
      await setImmediate();
    }
    const partial = await this.pool.runAll<bigint[][]>('gram', () => ({}), { signal });
    return spread(sumMatrices(partial), present, vectors.length);
  }

  /** Proves the inner product for a matrix that `begin` fixed. */
  async finish(
    statement: RoundStatement,
    vectors: RoundVectors,
    committed: CommittedGram,
    options: GramOptions & { timing?: Partial<GramTiming> } = {},
  ): Promise<GramProof> {
    const { signal, timing = {} } = options;
    const { gram, gramHash, seed0, alpha, beta } = committed;
    const innerProduct = bilinearForm(gram, alpha, beta);
    let before: number = PARTS.gram;
    const part = async <T>(name: keyof typeof PARTS, work: (o: GramOptions) => Promise<T>): Promise<T> => {
      const start = performance.now();
      const result = await work({
        signal,
        onProgress:
          options.onProgress && ((done) => options.onProgress?.(Math.min(1, before + PARTS[name] * done))),
      });
      before += PARTS[name];
      options.onProgress?.(Math.min(1, before));
      timing[name] = seconds(start);
      return result;
    };

    const { v, w } = this.shared;
    const rows = vectors.flatMap((vector, i) => (vector === null ? [] : [i]));
    const [as, bs] = [powers(alpha, vectors.length), powers(beta, vectors.length)];
    const coefficients = { alphas: rows.map((i) => as[i]!), betas: rows.map((i) => bs[i]!) };
    await part('combine', (o) => this.pool.runAll('combine', () => ({ ...coefficients, v, w }), o));
    await part('crossTerm', (o) => this.crossTerm(o));
    const { minus, plus } = this.shared;
    const cross = addPoints(
      await part('commitCross', (o) => this.pool.runAll<G1Point>('commitCross', () => ({ minus, plus }), o)),
    );

    const { seed1, z } = pointChallenge(statement, seed0, innerProduct, cross);
    if (!isUsablePoint(z)) {
      throw new ChorusError('E_PROOF_CHALLENGE', 'the opening point is 0, 1 or -1', {
        hint: 'this happens once in 2^252 rounds; any change of the statement changes it',
      });
    }
    const points = [z, inverse(z)];
    const values = await part('evaluate', (o) =>
      this.pool.runAll<bigint[][]>('evaluate', () => ({ points }), o),
    );
    const at = this.joinValues(values, points);
    const evaluations: GramProof['evaluations'] = [
      at[0]![0]!,
      at[1]![0]!,
      at[0]![1]!,
      at[1]![1]!,
      at[0]![2]!,
      at[1]![2]!,
    ];
    const { gamma } = foldChallenge(seed1, evaluations);
    const quotient = await part('commitQuotient', (o) => this.commitQuotient(values, points, gamma, o));
    return { gramHash, innerProduct, cross, quotient, evaluations };
  }

  /** Runs the verifier's checks of the Gram argument on a worker. */
  check(input: CheckInput, signal?: AbortSignal): Promise<CheckResult[]> {
    return this.pool.run<CheckResult[]>(0, 'verify', input, { signal });
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  private slice(index: number): [number, number] {
    const at = (k: number): number => Math.floor((this.size * k) / this.pool.size);
    return [at(index), at(index + 1)];
  }

  private async crossTerm(options: GramOptions): Promise<void> {
    const { v, w, minus, plus } = this.shared;
    const halves = [
      { half: 'minus', output: minus },
      { half: 'plus', output: plus },
    ];
    if (this.pool.size === 1) {
      await this.pool.run(0, 'crossTerm', { halves, v, w }, options);
      return;
    }
    await Promise.all(
      halves.map((half, index) =>
        this.pool.run(index, 'crossTerm', { halves: [half], v, w }, { signal: options.signal }),
      ),
    );
  }

  /** Values of v, w and S at each point, from those of their slices. */
  private joinValues(values: readonly bigint[][][], points: readonly bigint[]): bigint[][] {
    return points.map((x, p) =>
      [0, 1, 2].map((f) =>
        values.reduce(
          (sum, slice, index) => reduce(sum + slice[p]![f]! * power(x, this.slice(index)[0])),
          0n,
        ),
      ),
    );
  }

  private async commitQuotient(
    values: readonly bigint[][][],
    points: readonly bigint[],
    gamma: bigint,
    options: GramOptions,
  ): Promise<G1Point> {
    const [z, zi] = points as [bigint, bigint];
    const slopeDivisor = inverse(z - zi);
    // From the top: the value at z and 1/z of the part above each slice gives its remainder, a line.
    const remainders: [bigint, bigint][] = [];
    let above: [bigint, bigint] = [0n, 0n];
    for (let index = values.length - 1; index >= 0; index--) {
      const slope = reduce((above[0] - above[1]) * slopeDivisor);
      remainders[index] = [reduce(above[0] - slope * z), slope];
      const [from, to] = this.slice(index);
      above = points.map((x, p) => {
        const [fv, fw, fs] = values[index]![p] as [bigint, bigint, bigint];
        return reduce(fv + gamma * fw + gamma * gamma * fs + above[p]! * power(x, to - from));
      }) as [bigint, bigint];
    }
    const parts = await this.pool.runAll<{ commitment: G1Point; remainder: [bigint, bigint] }>(
      'commitQuotient',
      (index) => ({ gamma, trace: reduce(z + zi), above: remainders[index] }),
      options,
    );
    return addPoints(parts.map((part) => part.commitment));
  }

  private checkVectors(head: number, vectors: RoundVectors): void {
    const references = vectors.slice(0, Math.min(head, REFERENCE_GROUPS));
    if (vectors.length <= head || references.every((vector) => vector === null)) {
      throw refusal('a round has a reference and at least one trainer', { rows: vectors.length });
    }
    let largest = 0;
    for (const [index, vector] of vectors.entries()) {
      if (vector === null) continue;
      if (vector.length > this.size)
        throw refusal('a vector is longer than N', { index, entries: vector.length });
      if (index >= head && !(vector instanceof Int16Array))
        throw refusal('an update is not int16', { index });
      const most = vector instanceof Int16Array ? MAX_ENTRY : largestMagnitude(vector);
      if (most > MAX_HEAD_ENTRY) throw refusal('an entry of a leading row is 2^20 or more', { index });
      largest += most;
    }
    if (largest > MAX_ENTRIES)
      throw refusal('the entries of all rows are too large for an exact sum', { largest });
  }
}

function largestMagnitude(vector: Int32Array): number {
  let most = 0;
  for (let k = 0; k < vector.length; k++) most = Math.max(most, Math.abs(vector[k]!));
  return most;
}

function refusal(message: string, facts: Record<string, number>): ChorusError {
  return new ChorusError('E_PROOF_INPUT', message, { facts });
}

function sumMatrices(parts: readonly bigint[][][]): bigint[][] {
  return parts.reduce((sum, part) => sum.map((row, i) => row.map((entry, j) => entry + part[i]![j]!)));
}

/** Puts rows and columns at their indices among `count`, zero elsewhere. */
function spread(matrix: bigint[][], indices: readonly number[], count: number): bigint[][] {
  const full = Array.from({ length: count }, () => new Array<bigint>(count).fill(0n));
  for (const [a, i] of indices.entries())
    for (const [b, j] of indices.entries()) full[i]![j] = matrix[a]![b]!;
  return full;
}

function seconds(start: number): number {
  return (performance.now() - start) / 1000;
}
