import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { WorkerPool } from './engine/pool.ts';

/** Below this one thread commits in at most a tenth of a second, and a second costs memory and start-up. */
const LOG2_SIZE_FOR_THREADS = 17;
/** More threads than this gain little: the reduction of buckets is repeated in each. */
const MAX_THREADS = 8;

/** Number of workers for a string of 2^log2Size powers on this machine. */
export function threadsFor(log2Size: number): number {
  return log2Size < LOG2_SIZE_FOR_THREADS ? 1 : Math.min(MAX_THREADS, availableParallelism());
}

/** Starts workers of this package, from TypeScript sources or from built JavaScript. */
export function startWorkers(threads: number): WorkerPool {
  return new WorkerPool(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), threads);
}

/** Slice `index` of `threads` of 2^log2Size items: [from, to). */
export function sliceOf(size: number, threads: number, index: number): [number, number] {
  return [Math.floor((size * index) / threads), Math.floor((size * (index + 1)) / threads)];
}
