import { defineConfig } from 'vitest/config';
import { base } from './vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    execArgv: ['--conditions=@chorus/source'],
    // Tests load onnxruntime themselves; see training/src/device/no-telemetry.ts.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    benchmark: { include: ['**/*.bench.ts'], exclude: ['**/node_modules/**'] },
    fileParallelism: false,
  },
});
