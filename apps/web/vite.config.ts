import { defaultClientConditions, defineConfig } from 'vite';

/** The page runs under a policy that allows no inline script: everything is a file of its own, with a hash in its name. */
export default defineConfig({
  // The workspace's sources: nothing has to be built first.
  resolve: { conditions: ['@chorus/source', ...defaultClientConditions] },
  // The files lie below the page, which is at / for the owner and at /explorer/ for everyone.
  base: './',
  worker: { format: 'es' },
  build: {
    // On a busy machine every build would be reported to be slow.
    rolldownOptions: { checks: { bundlerTimings: false } },
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
