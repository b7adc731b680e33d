import { ChorusError, G1_INFINITY, type G1Point, MAX_ENTRY, sameG1 } from '@chorus/protocol';
import { G1_BYTES, SCALAR_ORDER } from './engine/bn254.ts';
import type { WorkerPool } from './engine/pool.ts';
import { addPoints, combinePoints, G1_GENERATOR, isOnCurve, negatePoint } from './points.ts';
import type { Srs } from './srs.ts';
import { sliceOf, startWorkers, threadsFor } from './start.ts';
import type { Integers } from './worker.ts';

/** An opening: f(z) = value, and the commitment to the quotient (f - value) / (X - z). */
export interface Opening {
  value: bigint;
  proof: G1Point;
}

/** Makes and checks KZG commitments under one reference string, in worker threads of its own. */
export interface Committer {
  readonly srs: Srs;
  /**
   * C = sum_j vector_j [tau^j]1 of at most N int16 entries.
   * @throws ChorusError `E_COMMIT_INPUT` for too many entries or one of -32768
   */
  commit(vector: Int16Array, signal?: AbortSignal): Promise<G1Point>;
  /**
   * The commitment to a sum of references, an aggregate or a model sum.
   * @throws ChorusError `E_COMMIT_INPUT` for too many entries or one that is not an exact integer below 2^53
   */
  commitIntegers(values: Int32Array | Float64Array, signal?: AbortSignal): Promise<G1Point>;
  /** True if `commitment` is the commitment to `vector`. */
  verify(vector: Int16Array, commitment: G1Point, signal?: AbortSignal): Promise<boolean>;
  /** Opens the polynomial with these coefficients at z. */
  open(vector: Integers, z: bigint): Promise<Opening>;
  /** e(C - [value]1 + z*proof, [1]2) == e(proof, [tau]2); false for points outside the group. */
  verifyOpening(commitment: G1Point, z: bigint, opening: Opening): Promise<boolean>;
  /** Ends the worker threads. */
  close(): Promise<void>;
}

export interface CommitterOptions {
  /** Worker threads; by default one below 2^17 powers and one per core (at most 8) from there on. */
  threads?: number;
}

/**
 * Starts worker threads with a slice of the reference string each.
 *
 * @example
 * const srs = await developmentSrs(12);
 * const committer = await createCommitter(srs);
 * const commitment = await committer.commit(Int16Array.of(1, -2, 3));
 * await committer.close();
 */
export async function createCommitter(srs: Srs, options: CommitterOptions = {}): Promise<Committer> {
  const threads = options.threads ?? threadsFor(srs.log2Size);
  const pool = startWorkers(threads);
  try {
    await loadSlices(pool, srs);
  } catch (error) {
    await pool.close();
    throw error;
  }
  return new PooledCommitter(srs, pool);
}

/** Gives each worker its slice of the points. */
export async function loadSlices(pool: WorkerPool, srs: Srs): Promise<void> {
  await pool.runAll('load', (index) => {
    const [from, to] = sliceOf(2 ** srs.log2Size, pool.size, index);
    return { points: srs.g1.subarray(from * G1_BYTES, to * G1_BYTES) };
  });
}

class PooledCommitter implements Committer {
  readonly srs: Srs;
  private readonly pool: WorkerPool;

  constructor(srs: Srs, pool: WorkerPool) {
    this.srs = srs;
    this.pool = pool;
  }

  commit(vector: Int16Array, signal?: AbortSignal): Promise<G1Point> {
    const smallest = vector.reduce((a, b) => Math.min(a, b), 0);
    if (smallest < -MAX_ENTRY) return Promise.reject(refuse('an entry is -32768', { smallest }));
    return this.sum(vector, signal);
  }

  commitIntegers(values: Int32Array | Float64Array, signal?: AbortSignal): Promise<G1Point> {
    return this.sum(values, signal);
  }

  async verify(vector: Int16Array, commitment: G1Point, signal?: AbortSignal): Promise<boolean> {
    return sameG1(await this.commit(vector, signal), commitment);
  }

  async open(vector: Integers, z: bigint): Promise<Opening> {
    const slices = this.slices(vector);
    const values = await Promise.all(
      slices.map((values, index) => this.pool.run<bigint>(index, 'evaluate', { values, z })),
    );
    // Value at z of the part above each slice: the quotient's coefficient just above it.
    const carries = new Array<bigint>(slices.length).fill(0n);
    let carry = 0n;
    for (let index = slices.length - 1; index >= 0; index--) {
      carries[index] = carry;
      carry = (values[index]! + carry * powMod(z, slices[index]!.length)) % SCALAR_ORDER;
    }
    const parts = await Promise.all(
      slices.map((values, index) =>
        this.pool.run<G1Point>(index, 'openSlice', { values, z, carry: carries[index] }),
      ),
    );
    return { value: carry, proof: addPoints(parts) };
  }

  async verifyOpening(commitment: G1Point, z: bigint, opening: Opening): Promise<boolean> {
    const { value, proof } = opening;
    if (!isOnCurve(commitment) || !isOnCurve(proof)) return false;
    if ([z, value].some((scalar) => scalar < 0n || scalar >= SCALAR_ORDER)) return false;
    const left = combinePoints([commitment, G1_GENERATOR, proof], [1n, SCALAR_ORDER - value, z]);
    return this.pool.run<boolean>(0, 'pairingProductIsOne', {
      pairs: [
        [left, this.srs.g2],
        [negatePoint(proof), this.srs.tauG2],
      ],
    });
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  private async sum(values: Integers, signal?: AbortSignal): Promise<G1Point> {
    const parts = await Promise.all(
      this.slices(values).map((slice, index) =>
        slice.length === 0
          ? { ...G1_INFINITY }
          : this.pool.run<G1Point>(index, 'commit', { values: slice }, { signal }).catch((error: unknown) => {
              throw error instanceof RangeError ? refuse(error.message, { slice: index }) : error;
            }),
      ),
    );
    return addPoints(parts);
  }

  /** The part of a vector each worker holds points for. */
  private slices(values: Integers): Integers[] {
    const size = 2 ** this.srs.log2Size;
    if (values.length > size) {
      throw refuse('the vector is longer than the reference string', {
        entries: values.length,
        powers: size,
      });
    }
    return Array.from({ length: this.pool.size }, (_, index) => {
      const [from, to] = sliceOf(size, this.pool.size, index);
      // `slice`, not `subarray`: a message copies a view's whole buffer.
      return values.slice(from, to);
    });
  }
}

function powMod(base: bigint, exponent: number): bigint {
  let result = 1n;
  for (let e = exponent, f = base % SCALAR_ORDER; e > 0; e = Math.floor(e / 2)) {
    if (e % 2 === 1) result = (result * f) % SCALAR_ORDER;
    f = (f * f) % SCALAR_ORDER;
  }
  return result;
}

function refuse(message: string, facts: Record<string, number>): ChorusError {
  return new ChorusError('E_COMMIT_INPUT', message, { facts });
}
