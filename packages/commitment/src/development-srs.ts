import { type CacheOptions, readCachedPoints, writeCachedPoints } from './cache.ts';
import { DEVELOPMENT_TAU, developmentKey } from './development-key.ts';
import { G1_BYTES } from './engine/bn254.ts';
import { G1_GENERATOR } from './points.ts';
import { checkLog2Size, type Srs } from './srs.ts';
import { sliceOf, startWorkers, threadsFor } from './start.ts';

export interface SrsOptions extends CacheOptions {
  signal?: AbortSignal;
  /** Called with a share in [0, 1]. */
  onProgress?: (done: number) => void;
  /** Worker threads for making it. */
  threads?: number;
}

/**
 * The development reference string with 2^log2Size powers: INSECURE, anyone can forge under it, see
 * {@link assertSrsAllowed}.
 *
 * Made once (about half a second for 2^16 on two cores) and then read from the cache folder, checked by its
 * hash; an unusable cache is replaced with a warning.
 *
 * @param log2Size 1 to 22
 * @throws ChorusError `E_SRS_SIZE`; the signal's reason on abort
 */
export async function developmentSrs(log2Size: number, options: SrsOptions = {}): Promise<Srs> {
  checkLog2Size(log2Size);
  const g1 = new Uint8Array(new SharedArrayBuffer(G1_BYTES * 2 ** log2Size));
  const name = `srs-insecure-dev-${log2Size}`;
  if (!(await readCachedPoints(name, g1, options))) {
    await makePoints(log2Size, g1, options);
    await writeCachedPoints(name, g1, options);
  }
  options.onProgress?.(1);
  return { log2Size, g1, g1Generator: { ...G1_GENERATOR }, ...developmentKey() };
}

async function makePoints(
  log2Size: number,
  g1: Uint8Array<SharedArrayBuffer>,
  { threads, signal, onProgress }: SrsOptions,
): Promise<void> {
  const pool = startWorkers(threads ?? threadsFor(log2Size));
  try {
    await pool.runAll(
      'powers',
      (index) => {
        const [from, to] = sliceOf(2 ** log2Size, pool.size, index);
        return { tau: DEVELOPMENT_TAU, from, output: g1.subarray(from * G1_BYTES, to * G1_BYTES) };
      },
      { signal, onProgress },
    );
  } finally {
    await pool.close();
  }
}
