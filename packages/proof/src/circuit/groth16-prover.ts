import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { extname } from 'node:path';
import { addPoints } from '@chorus/commitment';
import { FIELD_BYTES, type RunOptions, SCALAR_ORDER, WorkerPool } from '@chorus/commitment/engine';
import {
  ChorusError,
  type ContributionProof,
  type ErrorCode,
  type G1Point,
  type G2Point,
  reasonOf,
} from '@chorus/protocol';
import type { ProvingKeyLayout } from './proving-key.ts';
import type { Signals } from './witness.ts';
import type { FinishInput, LoadInput, Polynomial, SharedValues, WitnessSum } from './worker.ts';

/** Larger files are not keys of circuits that fit (see `parseProvingKey`). */
const MAX_FILE_BYTES = 2 ** 31;
/** The witness's share of the work, for progress; the rest counts as jobs. */
const WITNESS_SHARE = 0.2;

export interface Groth16Proof {
  groth16: ContributionProof['groth16'];
  publicSignals: bigint[];
}

/** Two secret scalars that make the proof zero-knowledge. */
export interface Groth16Randomness {
  r: bigint;
  s: bigint;
}

interface Job {
  operation: string;
  input: unknown;
  done(output: never): void;
}

/**
 * Groth16 proofs with one proving key, in worker threads that keep the key's points in the form the sums want.
 *
 * Each proof: the witness in one thread; then, in all of them, job by job: the three polynomials of the constraints,
 * the four sums over the witness, and the sum over the quotient in one slice a thread. Proofs can run concurrently;
 * each has its own memory.
 *
 * NOTE: not constant-time. Anyone who can time this process learns how many values of the witness are small.
 */
export class Groth16Prover {
  private readonly pool: WorkerPool;
  private readonly layout: ProvingKeyLayout;

  private constructor(pool: WorkerPool, layout: ProvingKeyLayout) {
    this.pool = pool;
    this.layout = layout;
  }

  /**
   * Reads a key and a witness generator, and starts the threads.
   * @throws ChorusError `E_PROVING_KEY` or `E_WITNESS_GENERATOR` for files that are incomplete, in another format or
   * of different circuits
   */
  static async create(
    files: { zkeyPath: string; wasmPath: string },
    threads: number,
  ): Promise<Groth16Prover> {
    const [file, generator] = await Promise.all([
      readShared(files.zkeyPath, 'E_PROVING_KEY'),
      readShared(files.wasmPath, 'E_WITNESS_GENERATOR'),
    ]);
    const pool = new WorkerPool(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), threads);
    try {
      const none = new Uint8Array(new SharedArrayBuffer(0));
      const [layout] = await pool.runAll<ProvingKeyLayout>(
        'load',
        (index): LoadInput => ({ file, generator: index === 0 ? generator : none }),
      );
      return new Groth16Prover(pool, layout!);
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /**
   * @param randomness only for tests: a proof with known randomness reveals the witness
   * @throws ChorusError `E_CIRCUIT` if no witness exists; the signal's reason on abort
   */
  async prove(
    signals: Signals,
    options: RunOptions = {},
    randomness: Groth16Randomness = { r: randomScalar(), s: randomScalar() },
  ): Promise<Groth16Proof> {
    const { signal, onProgress } = options;
    const size = 2 ** this.layout.log2Domain;
    const shared: SharedValues = {
      witness: field(this.layout.wires),
      polynomials: { a: field(size), b: field(size), c: field(size) },
    };
    const publicSignals = await this.pool.run<bigint[]>(
      0,
      'witness',
      { signals, output: shared.witness },
      { signal },
    );
    onProgress?.(WITNESS_SHARE);
    const sums = await this.sums(shared, {
      signal,
      onProgress: onProgress && ((done) => onProgress(WITNESS_SHARE + (1 - WITNESS_SHARE) * done)),
    });
    const input: FinishInput = { sums, ...randomness };
    const groth16 = await this.pool.run<Groth16Proof['groth16']>(0, 'finish', input, { signal });
    return { groth16, publicSignals };
  }

  /** Ends the worker threads. */
  close(): Promise<void> {
    return this.pool.close();
  }

  private async sums(shared: SharedValues, options: RunOptions): Promise<FinishInput['sums']> {
    const size = 2 ** this.layout.log2Domain;
    const g1 = new Map<WitnessSum, G1Point>();
    let b2: G2Point | undefined;
    const quotient: G1Point[] = [];
    const jobs: Job[] = [];
    let waitingFor = 3;
    const sum = (name: WitnessSum): Job => ({
      operation: 'sum',
      input: { name, shared },
      done(point) {
        if (name === 'b2') b2 = point;
        else g1.set(name, point);
      },
    });
    const polynomial = (name: Polynomial): Job => ({
      operation: 'polynomial',
      input: { name, shared },
      done: () => {
        if (--waitingFor > 0) return;
        // The longest jobs come first.
        for (let k = 0; k < this.pool.size; k++) {
          const [from, to] = [k, k + 1].map((i) => Math.floor((size * i) / this.pool.size));
          const done = (point: G1Point): void => void quotient.push(point);
          jobs.unshift({ operation: 'quotient', input: { from, to, shared }, done });
        }
      },
    });
    jobs.push(polynomial('c'), polynomial('a'), polynomial('b'), sum('b2'), sum('a'), sum('b1'), sum('c'));
    await this.runJobs(jobs, 7 + this.pool.size, options);
    const point = (name: WitnessSum): G1Point => g1.get(name)!;
    return { a: point('a'), b1: point('b1'), b2: b2!, c: point('c'), h: addPoints(quotient) };
  }

  /** Each free worker takes the next job, until `total` are done; jobs may add others. */
  private async runJobs(jobs: Job[], total: number, { signal, onProgress }: RunOptions): Promise<void> {
    let done = 0;
    let failed = false;
    let idle: (() => void)[] = [];
    const runOn = async (index: number): Promise<void> => {
      while (done < total && !failed) {
        const job = jobs.shift();
        if (job === undefined) {
          await new Promise<void>((resolve) => idle.push(resolve));
          continue;
        }
        try {
          job.done(await this.pool.run<never>(index, job.operation, job.input, { signal }));
          done++;
          onProgress?.(done / total);
        } catch (error) {
          failed = true;
          throw error;
        } finally {
          for (const resolve of idle) resolve();
          idle = [];
        }
      }
    };
    await Promise.all(Array.from({ length: this.pool.size }, (_, index) => runOn(index)));
  }
}

function field(count: number): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(new SharedArrayBuffer(count * FIELD_BYTES));
}

/** Uniform up to 2^-258. */
function randomScalar(): bigint {
  return BigInt(`0x${randomBytes(64).toString('hex')}`) % SCALAR_ORDER;
}

/** Reads a file into memory that all threads share. */
async function readShared(path: string, code: ErrorCode): Promise<Uint8Array<SharedArrayBuffer>> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) throw new RangeError(`${size} bytes are more than any key has`);
    const bytes = new Uint8Array(new SharedArrayBuffer(size));
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(bytes, at, size - at, at);
      if (bytesRead === 0) throw new RangeError(`the file ended at ${at} of ${size} bytes`);
      at += bytesRead;
    }
    return bytes;
  } catch (cause) {
    throw new ChorusError(code, 'cannot read a file of the circuit', {
      facts: { path, reason: reasonOf(cause) },
      hint: 'the files of n = 16 are in circuits/keys; others are built with `pnpm circuits:setup`',
      cause,
    });
  } finally {
    await file?.close();
  }
}
