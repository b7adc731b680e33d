import { extname } from 'node:path';
import { circuitArtifacts } from '@chorus/circuits';
import {
  assertSrsAllowed,
  type Committer,
  createCommitter,
  developmentSrs,
  log2SizeFor,
  type Srs,
} from '@chorus/commitment';
import { WorkerPool } from '@chorus/commitment/engine';
import { createProver, type Prover } from '@chorus/proof';
import type { NoveltyJob } from '../novelty/novelty-job.ts';

/** Rows of the circuit that tasks are settled with. */
export const CIRCUIT_SIZE = 16;

/** The interface of proving: tests use a faster implementation. */
export interface Proving {
  /** Commits to vectors of up to `dimension` entries. */
  committer(dimension: number): Promise<Committer>;
  /** Gram matrices and proofs of rounds, by whatever rule, of vectors with up to `dimension` entries. */
  prover(dimension: number): Promise<Pick<Prover, 'gramMatrix' | 'prove'>>;
  /** The novelty row of a round, in a thread of its own. */
  novelty(job: NoveltyJob, signal?: AbortSignal): Promise<Int32Array>;
  close(): Promise<void>;
}

/** From this size on committing uses several threads, as in @chorus/commitment. */
const LOG2_SIZE_FOR_THREADS = 17;

/** Provers and committers of a node by log2 size: created when first needed, shared by its tasks. */
class WorkerProving implements Proving {
  readonly #chainId: number;
  readonly #threads: { threads?: number };
  readonly #srsCache: string | undefined;
  readonly #srs = new Map<number, Promise<Srs>>();
  readonly #committers = new Map<number, Promise<Committer>>();
  readonly #provers = new Map<number, Promise<Prover>>();
  #novelty: WorkerPool | null = null;
  readonly #abort = new AbortController();

  constructor(chainId: number, srsCache: string | undefined, threads: number | undefined) {
    this.#threads = threads === undefined ? {} : { threads };
    this.#chainId = chainId;
    this.#srsCache = srsCache;
  }

  committer(dimension: number): Promise<Committer> {
    return once(this.#committers, log2SizeFor(dimension), async (log2Size) =>
      createCommitter(
        await this.#reference(log2Size),
        // Below this size, one thread is faster than several.
        log2Size < LOG2_SIZE_FOR_THREADS ? {} : this.#threads,
      ),
    );
  }

  prover(dimension: number): Promise<Prover> {
    return once(this.#provers, log2SizeFor(dimension), async (log2Size) =>
      createProver({
        srs: await this.#reference(log2Size),
        circuits: (rule) => circuitArtifacts(CIRCUIT_SIZE, rule),
        ...this.#threads,
      }),
    );
  }

  novelty(job: NoveltyJob, signal?: AbortSignal): Promise<Int32Array> {
    this.#novelty ??= new WorkerPool(
      new URL(`../novelty/worker${extname(import.meta.url)}`, import.meta.url),
      1,
    );
    return this.#novelty.run(0, 'novelty', job, { signal });
  }

  async close(): Promise<void> {
    this.#abort.abort();
    const parts = [...this.#committers.values(), ...this.#provers.values()];
    this.#committers.clear();
    this.#provers.clear();
    await Promise.allSettled([...parts.map(async (part) => (await part).close()), this.#novelty?.close()]);
  }

  #reference(log2Size: number): Promise<Srs> {
    return once(this.#srs, log2Size, async () => {
      const srs = await developmentSrs(log2Size, {
        ...(this.#srsCache === undefined ? {} : { cacheDir: this.#srsCache }),
        ...this.#threads,
        signal: this.#abort.signal,
      });
      assertSrsAllowed(srs, this.#chainId);
      return srs;
    });
  }
}

/**
 * The cryptographic workers of a node on one chain; `threads` bounds those of each.
 * @throws (from its methods) ChorusError `E_SRS_INSECURE` on a chain that refuses the development reference string
 */
export function createProving(chainId: number, srsCache?: string, threads?: number): Proving {
  return new WorkerProving(chainId, srsCache, threads);
}

/** The value of `key`, created once; a failure is not remembered. */
function once<T>(known: Map<number, Promise<T>>, key: number, make: (key: number) => Promise<T>): Promise<T> {
  const value = known.get(key);
  if (value) return value;
  const making = make(key);
  making.catch(() => known.delete(key));
  known.set(key, making);
  return making;
}
