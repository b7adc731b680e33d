import { expect, it } from 'vitest';
import { WorkerPool } from './pool.ts';

const script = (source: string): URL => new URL(`data:text/javascript,${encodeURIComponent(source)}`);
/** A worker in the pool's protocol, without its library: doubles, fails, hangs or dies on demand. */
const WORKER = script(`
  import { parentPort } from 'node:worker_threads';
  parentPort.on('message', ({ id, operation, input }) => {
    if (operation === 'double') {
      parentPort.postMessage({ id, kind: 'progress', done: 0.5 });
      parentPort.postMessage({ id, kind: 'result', output: 2 * input });
    }
    if (operation === 'fail') parentPort.postMessage({ id, kind: 'error', error: { code: 'E_TEST', message: 'no', facts: { input } } });
    if (operation === 'die') process.exit(3);
  });
`);

it('a worker pool returns results, progress, and errors with their code and facts', async () => {
  const pool = new WorkerPool(WORKER, 2);
  const seen: number[] = [];
  expect(await pool.run(0, 'double', 21, { onProgress: (done) => void seen.push(done) })).toBe(42);
  expect(seen).toEqual([0.5]);
  expect(await pool.runAll('double', (index) => index + 1)).toEqual([2, 4]);
  await expect(pool.run(1, 'fail', 7)).rejects.toMatchObject({ code: 'E_TEST', facts: { input: 7 } });
  await pool.close();
});

it('a worker pool rejects current and later requests once a worker has died', async () => {
  const pool = new WorkerPool(WORKER, 1);
  const hanging = pool.run(0, 'hang', 1);
  const dying = pool.run(0, 'die', 1);
  for (const request of [hanging, dying])
    await expect(request).rejects.toMatchObject({ code: 'E_WORKER_LOST' });
  await expect(pool.run(0, 'double', 1)).rejects.toMatchObject({ code: 'E_WORKER_LOST' });
  await pool.close();
});

it('a worker pool rejects requests if the worker cannot start', async () => {
  const pool = new WorkerPool(script('throw new Error("broken")'), 1);
  await expect(pool.run(0, 'double', 1)).rejects.toMatchObject({ code: 'E_WORKER_LOST' });
  await pool.close();
});

it('a worker pool rejects with the reason if aborted before or during a request', async () => {
  const pool = new WorkerPool(WORKER, 1);
  const reason = new Error('enough');
  await expect(pool.run(0, 'double', 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const controller = new AbortController();
  const hanging = pool.run(0, 'hang', 1, { signal: controller.signal });
  controller.abort(reason);
  await expect(hanging).rejects.toBe(reason);
  expect(await pool.run(0, 'double', 4)).toBe(8);
  await pool.close();
});
