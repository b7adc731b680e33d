import { defineConfig } from 'vitest/config';

/** Tests run the TypeScript sources themselves (export condition `@chorus/source`): no build comes first. */
const conditions = ['@chorus/source'];

/** What every suite shares; the slow suite and the benches extend it. */
export const base = {
  root: new URL('..', import.meta.url).pathname,
  resolve: { conditions: [...conditions, 'node', 'import', 'module', 'default'] },
  ssr: { resolve: { conditions: [...conditions, 'node', 'import', 'module', 'default'] } },
};

export default defineConfig({
  ...base,
  test: {
    execArgv: ['--conditions=@chorus/source'],
    // Tests load onnxruntime themselves; see training/src/device/no-telemetry.ts.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'circuits/src/**/*.test.ts', 'apps/*/src/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: { name: 'compliance', include: ['test/compliance/**/*.test.ts'], testTimeout: 60_000 },
      },
      {
        extends: true,
        test: { name: 'economy', include: ['test/economy/**/*.test.ts'], testTimeout: 180_000 },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
