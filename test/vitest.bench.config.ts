import { defineConfig } from 'vitest/config';
import { base } from './vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    execArgv: ['--conditions=@chorus/source'],
    benchmark: { include: ['**/*.bench.ts'], exclude: ['**/node_modules/**'] },
    fileParallelism: false,
  },
});
