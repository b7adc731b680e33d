import { defineConfig } from 'vitest/config';
import { base, settings } from './vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...settings(30),
    benchmark: { include: ['**/*.bench.ts'], exclude: ['**/node_modules/**'] },
    fileParallelism: false,
  },
});
