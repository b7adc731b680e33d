import { defineConfig } from 'vitest/config';
import { base, settings } from './vitest.config.ts';

/** What takes long, or measures: run before a release and read, not by CI. */
export default defineConfig({
  ...base,
  test: {
    ...settings(30),
    include: ['**/*.soak.ts'],
    exclude: ['**/node_modules/**'],
    fileParallelism: false,
  },
});
