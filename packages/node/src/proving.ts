import {
  assertSrsAllowed,
  type Committer,
  createCommitter,
  developmentSrs,
  log2SizeFor,
  type Srs,
} from '@chorus/commitment';

/**
 * The heavy cryptographic parts of a node, made when first needed and shared by its tasks: the reference
 * string and the worker that commits.
 */
export class Proving {
  readonly #chainId: number;
  readonly #srsCache: string | undefined;
  readonly #committers = new Map<number, Promise<Committer>>();

  constructor(chainId: number, srsCache: string | undefined) {
    this.#chainId = chainId;
    this.#srsCache = srsCache;
  }

  /** The reference string for vectors of `dimension` entries. */
  async srs(dimension: number, signal?: AbortSignal): Promise<Srs> {
    const srs = await developmentSrs(log2SizeFor(dimension), {
      ...(this.#srsCache === undefined ? {} : { cacheDir: this.#srsCache }),
      ...(signal ? { signal } : {}),
    });
    assertSrsAllowed(srs, this.#chainId);
    return srs;
  }

  /** Commits to vectors of up to `dimension` entries. */
  committer(dimension: number, signal?: AbortSignal): Promise<Committer> {
    const log2Size = log2SizeFor(dimension);
    const known = this.#committers.get(log2Size);
    if (known) return known;
    const making = this.srs(dimension, signal).then((srs) => createCommitter(srs));
    making.catch(() => this.#committers.delete(log2Size));
    this.#committers.set(log2Size, making);
    return making;
  }

  async close(): Promise<void> {
    const committers = [...this.#committers.values()];
    this.#committers.clear();
    await Promise.allSettled(committers.map(async (committer) => (await committer).close()));
  }
}
