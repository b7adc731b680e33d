import { type Committer, createCommitter } from './committer.ts';
import { developmentSrs } from './development-srs.ts';
import { assertSrsAllowed, log2SizeFor, type Srs } from './srs.ts';
import { threadsFor } from './start.ts';

export interface CommittersOptions {
  /** Folder that keeps reference strings between runs; by default the package's own cache. */
  cacheDir?: string;
  /** Most threads of each committer. */
  threads?: number;
}

/**
 * The reference strings and committers of one chain, by log2 size: each is made when first needed, and shared.
 *
 * Its methods throw ChorusError `E_SRS_INSECURE` on a chain that refuses the development reference string.
 */
export class Committers {
  readonly #chainId: number;
  readonly #options: CommittersOptions;
  readonly #srs = new Map<number, Promise<Srs>>();
  readonly #committers = new Map<number, Promise<Committer>>();
  readonly #abort = new AbortController();

  constructor(chainId: number, options: CommittersOptions = {}) {
    this.#chainId = chainId;
    this.#options = options;
  }

  /** Commits to vectors of up to `dimension` entries. */
  committer(dimension: number): Promise<Committer> {
    return once(this.#committers, log2SizeFor(dimension), async (log2Size) => {
      const threads = Math.min(threadsFor(log2Size), this.#options.threads ?? Number.POSITIVE_INFINITY);
      return createCommitter(await this.srs(log2Size), { threads });
    });
  }

  /** The reference string of 2^log2Size powers. */
  srs(log2Size: number): Promise<Srs> {
    return once(this.#srs, log2Size, async () => {
      const srs = await developmentSrs(log2Size, { ...this.#options, signal: this.#abort.signal });
      assertSrsAllowed(srs, this.#chainId);
      return srs;
    });
  }

  async close(): Promise<void> {
    this.#abort.abort();
    const open = [...this.#committers.values()];
    this.#committers.clear();
    await Promise.allSettled(open.map(async (committer) => (await committer).close()));
  }
}

/** The value of `key`, made once; a failure is not remembered. */
function once<T>(known: Map<number, Promise<T>>, key: number, make: (key: number) => Promise<T>): Promise<T> {
  const value = known.get(key);
  if (value) return value;
  const making = make(key);
  making.catch(() => known.delete(key));
  known.set(key, making);
  return making;
}
