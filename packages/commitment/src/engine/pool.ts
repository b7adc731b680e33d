import { Worker } from 'node:worker_threads';
import { ChorusError } from '@chorus/protocol';

/** A request to a worker; `cancelled` is a flag that the worker polls. */
export interface WorkerRequest {
  id: number;
  operation: string;
  input: unknown;
  cancelled: Int32Array<SharedArrayBuffer>;
}

export type WorkerReply =
  | { id: number; kind: 'progress'; done: number }
  | { id: number; kind: 'result'; output: unknown }
  | { id: number; kind: 'error'; error: unknown };

export interface RunOptions {
  signal?: AbortSignal | undefined;
  /** Called with a share of this request in [0, 1]. */
  onProgress?: ((done: number) => void) | undefined;
}

interface Pending {
  resolve(output: unknown): void;
  reject(error: unknown): void;
  onProgress: ((done: number) => void) | undefined;
}

interface Slot {
  worker: Worker;
  pending: Map<number, Pending>;
  /** The reason why the worker is gone, once it is. */
  gone?: unknown;
}

/**
 * A fixed set of worker threads, addressed by index because each keeps state (its slice of the reference
 * string). Idle workers do not keep the process alive; `close` ends them.
 */
export class WorkerPool {
  private readonly slots: Slot[];
  private nextId = 0;
  private closed = false;

  /** @param script the worker's entry, which calls `serve` */
  constructor(script: URL, size: number) {
    this.slots = Array.from({ length: size }, () => {
      const slot: Slot = { worker: new Worker(script), pending: new Map() };
      slot.worker.unref();
      slot.worker.on('message', (reply: WorkerReply) => this.settle(slot, reply));
      slot.worker.on('error', (cause) => this.fail(slot, cause));
      slot.worker.on('exit', (code) => this.fail(slot, new Error(`the worker ended with code ${code}`)));
      return slot;
    });
  }

  get size(): number {
    return this.slots.length;
  }

  /**
   * Runs an operation on worker `index`; requests to one worker run one after another.
   *
   * On abort the promise rejects at once with the signal's reason, and the worker stops at its next check.
   * @throws ChorusError `E_WORKER_LOST` if the worker died or the pool is closed
   */
  run<T>(index: number, operation: string, input: unknown, options: RunOptions = {}): Promise<T> {
    const { signal, onProgress } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const slot = this.slots[index];
    if (slot === undefined || this.closed) return Promise.reject(lost(new Error('the pool is closed')));
    if (slot.gone !== undefined) return Promise.reject(lost(slot.gone));
    const id = this.nextId++;
    const cancelled = new Int32Array(new SharedArrayBuffer(4));
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => {
        Atomics.store(cancelled, 0, 1);
        reject(signal?.reason);
      };
      const done = (): void => signal?.removeEventListener('abort', onAbort);
      signal?.addEventListener('abort', onAbort, { once: true });
      slot.pending.set(id, {
        resolve: (output) => {
          done();
          resolve(output as T);
        },
        reject: (error) => {
          done();
          reject(error);
        },
        onProgress,
      });
      slot.worker.ref();
      slot.worker.postMessage({ id, operation, input, cancelled } satisfies WorkerRequest);
    });
  }

  /** The same operation on every worker, with its own input. */
  runAll<T>(operation: string, input: (index: number) => unknown, options: RunOptions = {}): Promise<T[]> {
    const shares = new Array<number>(this.size).fill(0);
    return Promise.all(
      this.slots.map((_, index) =>
        this.run<T>(index, operation, input(index), {
          signal: options.signal,
          onProgress:
            options.onProgress &&
            ((done) => {
              shares[index] = done;
              options.onProgress?.(shares.reduce((a, b) => a + b, 0) / shares.length);
            }),
        }),
      ),
    );
  }

  /** Ends the workers; requests in flight reject. Safe to call twice. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.slots.map((slot) => slot.worker.terminate()));
  }

  private settle(slot: Slot, reply: WorkerReply): void {
    const pending = slot.pending.get(reply.id);
    if (pending === undefined) return;
    if (reply.kind === 'progress') {
      pending.onProgress?.(reply.done);
      return;
    }
    slot.pending.delete(reply.id);
    if (slot.pending.size === 0) slot.worker.unref();
    if (reply.kind === 'result') pending.resolve(reply.output);
    else pending.reject(fromWire(reply.error));
  }

  private fail(slot: Slot, cause: unknown): void {
    slot.gone ??= cause;
    const pending = [...slot.pending.values()];
    slot.pending.clear();
    for (const request of pending) request.reject(lost(cause));
  }
}

function lost(cause: unknown): ChorusError {
  return new ChorusError('E_WORKER_LOST', 'a worker thread is gone', {
    cause,
    hint: 'the machine may be out of memory; fewer threads need less',
  });
}

/** A ChorusError loses its class on the way between threads; only code and facts matter. */
function fromWire(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('code' in error)) return error;
  const { code, message, facts, hint } = error as ChorusError;
  return new ChorusError(code, message, { facts, ...(hint === undefined ? {} : { hint }) });
}
