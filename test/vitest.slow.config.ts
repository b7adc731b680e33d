import { defineConfig } from 'vitest/config';
import { base } from './vitest.config.ts';

/** What takes minutes: convergence on real data, key reproduction, whole networks under stress. */
export default defineConfig({
  ...base,
  test: {
    execArgv: ['--conditions=@chorus/source'],
    // Tests load onnxruntime themselves; see training/src/device/no-telemetry.ts.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    include: ['**/*.slow.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 1_200_000,
    hookTimeout: 600_000,
    fileParallelism: false,
    // Whole networks with deadlines of seconds, on machines that do other things too: a failure is believed when it repeats.
    retry: 1,
  },
});
