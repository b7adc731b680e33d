import { extname } from 'node:path';
import { CIRCUIT_SIZE, circuitArtifacts } from '@chorus/circuits';
import { type Committer, Committers, log2SizeFor } from '@chorus/commitment';
import { WorkerPool } from '@chorus/commitment/engine';
import { createProver, type Prover } from '@chorus/proof';
import type { NoveltyJob } from '../novelty/novelty-job.ts';

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

/** Provers and committers of a node by log2 size: created when first needed, shared by its tasks. */
class WorkerProving implements Proving {
  readonly #threads: { threads?: number };
  readonly #committers: Committers;
  readonly #provers = new Map<number, Promise<Prover>>();
  #novelty: WorkerPool | null = null;

  constructor(chainId: number, srsCache: string | undefined, threads: number | undefined) {
    this.#threads = threads === undefined ? {} : { threads };
    const cache = srsCache === undefined ? {} : { cacheDir: srsCache };
    this.#committers = new Committers(chainId, { ...cache, ...this.#threads });
  }

  committer(dimension: number): Promise<Committer> {
    return this.#committers.committer(dimension);
  }

  prover(dimension: number): Promise<Prover> {
    const log2Size = log2SizeFor(dimension);
    const known = this.#provers.get(log2Size);
    if (known) return known;
    const making = this.#createProver(log2Size);
    // A failure is not remembered.
    making.catch(() => this.#provers.delete(log2Size));
    this.#provers.set(log2Size, making);
    return making;
  }

  novelty(job: NoveltyJob, signal?: AbortSignal): Promise<Int32Array> {
    this.#novelty ??= new WorkerPool(
      new URL(`../novelty/worker${extname(import.meta.url)}`, import.meta.url),
      1,
    );
    return this.#novelty.run(0, 'novelty', job, { signal });
  }

  async close(): Promise<void> {
    const provers = [...this.#provers.values()];
    this.#provers.clear();
    await Promise.allSettled([
      this.#committers.close(),
      ...provers.map(async (prover) => (await prover).close()),
      this.#novelty?.close(),
    ]);
  }

  async #createProver(log2Size: number): Promise<Prover> {
    return createProver({
      srs: await this.#committers.srs(log2Size),
      circuits: (rule) => circuitArtifacts(CIRCUIT_SIZE, rule),
      ...this.#threads,
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
