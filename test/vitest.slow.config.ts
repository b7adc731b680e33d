import { defineConfig } from 'vitest/config';
import { base, settings } from './vitest.config.ts';

/** What takes minutes and every change has to pass: networks that are killed, attacked and cut, and their money. */
export default defineConfig({
  ...base,
  test: {
    ...settings(10),
    include: ['**/*.slow.ts'],
    exclude: ['**/node_modules/**'],
    // Much of the time a network waits for its deadlines: two at a time, as in `pnpm test`.
    maxWorkers: 2,
  },
});
