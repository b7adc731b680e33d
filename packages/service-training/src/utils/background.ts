import { explain, isRetryable } from '@chorus/protocol';
import { pause } from '@chorus/utils';
import type { EventSink } from '../events/training-events.ts';

/** First and longest pause before a retry, if the chain or a peer was not available. */
export const RETRY_MILLISECONDS = { first: 1_000, longest: 30_000 };

/** Background work, awaited only when the node closes. Failures are reported, never lost. */
export class Background {
  readonly #signal: AbortSignal;
  readonly #emit: EventSink;
  readonly #running = new Set<Promise<void>>();

  constructor(signal: AbortSignal, emit: EventSink) {
    this.#signal = signal;
    this.#emit = emit;
  }

  /** Keep a promise until it is done. */
  spawn(work: Promise<void>): void {
    const tracked = this.report(work).finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  /** Retry work until it is done, fails permanently, or the node closes; each failure is reported with its task. */
  async retrying(work: () => Promise<void>, taskId?: bigint): Promise<void> {
    for (let wait = RETRY_MILLISECONDS.first; ; wait = Math.min(wait * 2, RETRY_MILLISECONDS.longest)) {
      try {
        return await work();
      } catch (error) {
        if (this.#signal.aborted || !isRetryable(error)) throw error;
        await this.report(Promise.reject(error), taskId);
        await pause(wait, this.#signal);
      }
    }
  }

  /** A failure becomes a warning. */
  report(work: Promise<void>, taskId?: bigint): Promise<void> {
    return work.catch((error) => {
      if (this.#signal.aborted) return;
      const concerns = taskId === undefined ? {} : { subject: `Task ${taskId}`, taskId };
      this.#emit({ type: 'warning', ...explain(error), ...concerns });
    });
  }

  /** Resolves when all current work is done. */
  async finished(): Promise<void> {
    await Promise.allSettled([...this.#running]);
  }
}
