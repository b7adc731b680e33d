import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { MACHINE_FACTOR, machineFactor } from '../apps/cli/src/environment/machine.ts';

/** Tests run the TypeScript sources themselves (export condition `@chorus/source`): no build comes first. */
const conditions = ['@chorus/source'];

/** What every suite and the benches share. */
export const base = {
  root: new URL('..', import.meta.url).pathname,
  resolve: { conditions: [...conditions, 'node', 'import', 'module', 'default'] },
  ssr: { resolve: { conditions: [...conditions, 'node', 'import', 'module', 'default'] } },
};

/** Measured once, here: every worker, and every process that a test starts, goes by the same figure. */
const factor = machineFactor();

/** What every test is run with; `minutes` end one that hangs, on a quiet machine, and are no claim about speed. */
export const settings = (minutes: number) => ({
  pool: 'forks' as const,
  execArgv: ['--conditions=@chorus/source'],
  env: {
    // Tests load onnxruntime themselves; see training/src/device/no-telemetry.ts.
    ORT_DISABLE_TELEMETRY: '1',
    [MACHINE_FACTOR]: String(factor),
    // Processes that tests start, hundreds of them with homes of their own, take the types out of the sources only once.
    NODE_COMPILE_CACHE: new URL('../node_modules/.cache/chorus-test/compiled', import.meta.url).pathname,
  },
  setupFiles: ['test/setup.ts'],
  testTimeout: factor * minutes * 60_000,
  hookTimeout: factor * minutes * 60_000,
  teardownTimeout: factor * 60_000,
});

/** A part of `pnpm test`. */
const project = (name: string, include: string[]) => ({
  extends: true as const,
  test: { name, include, sequence: { groupOrder: 0 } },
});

export default defineConfig({
  ...base,
  test: {
    ...settings(5),
    // One more than there are cores: much of the time a test waits for a chain, a peer or a process.
    maxWorkers: availableParallelism() + 1,
    projects: [
      project('unit', [
        'packages/*/src/**/*.test.ts',
        'circuits/src/**/*.test.ts',
        'apps/*/src/**/*.test.ts',
      ]),
      project('compliance', ['test/compliance/**/*.test.ts']),
      project('economy', ['test/economy/**/*.test.ts']),
      project('docs', ['test/{docs,lint}/**/*.test.ts']),
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // Whole networks, some of many processes: two at a time, when all else is done.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
