import { parentPort } from 'node:worker_threads';
import { ChorusError } from '@chorus/protocol';
import type { WorkerReply, WorkerRequest } from './pool.ts';

/** What an operation may use while it runs. */
export interface WorkerContext {
  /** Reports a share in [0, 1], and throws if the request was cancelled: call it between pieces of work. */
  checkpoint(done: number): void;
}

// biome-ignore lint/suspicious/noExplicitAny: the pool's `run<T>` gives both ends their types
export type Operations = Record<string, (input: any, context: WorkerContext) => unknown>;

/** Answers a {@link WorkerPool}'s requests, one at a time and in order, with the given operations. */
export function serve(operations: Operations): void {
  const port = parentPort;
  if (port === null) throw new Error('serve is for worker threads');
  const reply = (message: WorkerReply): void => port.postMessage(message);
  let queue: Promise<void> = Promise.resolve();
  port.on('message', (request: WorkerRequest) => {
    queue = queue.then(() => answer(operations, request, reply));
  });
}

async function answer(
  operations: Operations,
  { id, operation, input, cancelled }: WorkerRequest,
  reply: (message: WorkerReply) => void,
): Promise<void> {
  try {
    const run = operations[operation];
    if (run === undefined) throw new Error(`no such operation: ${operation}`);
    const checkpoint = (done: number): void => {
      if (Atomics.load(cancelled, 0) !== 0) {
        throw new ChorusError('E_CANCELLED', 'the work was cancelled');
      }
      reply({ id, kind: 'progress', done });
    };
    if (Atomics.load(cancelled, 0) !== 0) throw new ChorusError('E_CANCELLED', 'the work was cancelled');
    reply({ id, kind: 'result', output: await run(input, { checkpoint }) });
  } catch (error) {
    const { code, message, facts, hint } = error as ChorusError;
    reply({
      id,
      kind: 'error',
      error: error instanceof ChorusError ? { code, message, facts, hint } : error,
    });
  }
}
