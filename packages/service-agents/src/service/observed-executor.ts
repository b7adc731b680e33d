import {
  type AgentEvent,
  type AgentExecutor,
  type CompletionEvent,
  type EmbeddingEvent,
  explain,
  type TensorEvent,
} from '@chorus/protocol';
import type { Outcome } from '../events/agent-events.ts';

/** How one request ended. */
export interface Answered {
  caller: string;
  outcome: Outcome;
  code: string | null;
  seconds: number;
}

export interface Observer {
  /** Before a request is begun; what it throws refuses the request. */
  admit(): void;
  onAnswered(answered: Answered): void;
}

/** An executor that asks before each request, and tells how it ended. */
export function observedExecutor(executor: AgentExecutor, observer: Observer): AgentExecutor {
  const { complete, embed, infer, tensors } = executor;
  return {
    followsWishes: executor.followsWishes ?? false,
    callsTools: executor.callsTools ?? false,
    execute: (request, signal) =>
      observe(() => executor.execute(request, signal), observer, request.caller, signal),
    ...(complete && {
      complete: (request, signal) =>
        observe(() => complete(request, signal), observer, request.caller, signal),
    }),
    ...(embed && {
      embed: (request, signal) => observe(() => embed(request, signal), observer, request.caller, signal),
    }),
    ...(infer &&
      tensors && {
        tensors,
        infer: (request, signal) => observe(() => infer(request, signal), observer, request.caller, signal),
      }),
    close: () => executor.close(),
  };
}

async function* observe<E extends AgentEvent | CompletionEvent | EmbeddingEvent | TensorEvent>(
  work: () => AsyncIterable<E>,
  { admit, onAnswered }: Observer,
  caller: string,
  signal: AbortSignal,
): AsyncGenerator<E> {
  const began = performance.now();
  // The outcome if the reader of the answer leaves.
  let outcome: Outcome = 'cancelled';
  let code: string | null = null;
  try {
    admit();
    for await (const event of work()) {
      if (event.type === 'completed' || event.type === 'input-required' || event.type === 'rejected') {
        outcome = event.type;
      }
      yield event;
    }
  } catch (error) {
    if (!signal.aborted) {
      outcome = 'failed';
      code = explain(error).code;
    }
    throw error;
  } finally {
    onAnswered({ caller, outcome, code, seconds: (performance.now() - began) / 1000 });
  }
}
