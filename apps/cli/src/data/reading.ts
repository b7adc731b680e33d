import { join } from 'node:path';
import envPaths from 'env-paths';
import { createSpinner } from '../output/spinner.ts';

/** Folder for samples of data that is too large for memory, where no node has one. */
export function scratchFolder(): string {
  return join(envPaths('chorus', { suffix: '' }).cache, 'samples');
}

/** Where no terminal shows a spinner, one line for each part of the work, and none for work that takes seconds. */
const SHARES = 10;
const PATIENCE_MILLISECONDS = 5_000;

/** Shows on standard error how much of the data has been read. */
export function readingProgress(path: string): { onProgress(fraction: number): void; stop(): void } {
  const text = (fraction: number) => `reading ${path}: ${Math.floor(100 * fraction)} %`;
  if (!process.stderr.isTTY) {
    const began = performance.now();
    let told = 0;
    return {
      onProgress(fraction) {
        const share = Math.floor(SHARES * fraction);
        if (share <= told || performance.now() - began < PATIENCE_MILLISECONDS) return;
        told = share;
        process.stderr.write(`${text(fraction)}\n`);
      },
      stop() {},
    };
  }
  const spinner = createSpinner();
  spinner.start(`reading ${path}`);
  return {
    onProgress(fraction) {
      spinner.text = text(fraction);
    },
    stop: () => spinner.stop(),
  };
}
