import {
  type AgentEvent,
  type AgentExecutor,
  type AgentRequest,
  ChorusError,
  type Engine,
  type EngineEvent,
  hasCode,
} from '@chorus/protocol';
import type { AgentDefinition } from '../file/definition.ts';
import { LimitLedger, type RequestLedger } from '../limits/ledger.ts';
import { promptFor } from './prompt.ts';
import { stoppable } from './stoppable.ts';

export interface ExecutorOptions {
  definition: AgentDefinition;
  /** The model that answers; the executor closes it. */
  engine: Engine;
  /** Milliseconds of a clock that does not go back; for tests. */
  now?: () => number;
}

/**
 * Does an agent's work with one model: instructions, conversation and message become a prompt, and the answer becomes
 * events, within the limits of the agent file. It keeps nothing of a request.
 *
 * `execute` throws `E_AGENT_BUSY`, `E_AGENT_BUDGET`, `E_AGENT_CONTEXT`, `E_AGENT_TIME`, what the engine throws, and the
 * signal's reason when aborted. A message that the model cannot read is an event `rejected`.
 */
export function createExecutor(options: ExecutorOptions): AgentExecutor {
  return new ModelExecutor(options);
}

class ModelExecutor implements AgentExecutor {
  readonly #definition: AgentDefinition;
  readonly #engine: Engine;
  readonly #now: () => number;
  readonly #ledger: LimitLedger;
  readonly #closing = new AbortController();

  constructor({ definition, engine, now = () => performance.now() }: ExecutorOptions) {
    this.#definition = definition;
    this.#engine = engine;
    this.#now = now;
    this.#ledger = new LimitLedger(definition.limits);
  }

  async *execute(request: AgentRequest, signal: AbortSignal): AsyncGenerator<AgentEvent> {
    signal.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    const ledger = this.#ledger.open(this.#now());
    const time = new AbortController();
    const timer = setTimeout(() => time.abort(), ledger.millisecondsLeft(this.#now()));
    const ended = AbortSignal.any([signal, time.signal, this.#closing.signal]);
    try {
      yield* this.#answer(request, ledger, ended);
    } catch (error) {
      signal.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      if (time.signal.aborted) throw this.#outOfTime(error);
      if (!hasCode(error, 'E_AGENT_INPUT')) throw error;
      const { message, hint } = error as ChorusError;
      yield { type: 'rejected', reason: hint ? `${message}: ${hint}` : message };
    } finally {
      clearTimeout(timer);
      ledger.close();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new ChorusError('E_AGENT_CLOSED', 'the agent has ended'));
    await this.#engine.close();
  }

  async *#answer(
    request: AgentRequest,
    ledger: RequestLedger,
    signal: AbortSignal,
  ): AsyncGenerator<AgentEvent> {
    const { facts } = this.#engine;
    const prompt = promptFor(this.#definition, facts, request, ledger.tokensLeft);
    const maxOutputTokens = ledger.step(prompt.tokens);
    let written = 0;
    let finished: Extract<EngineEvent, { type: 'finished' }> | undefined;
    for await (const event of stoppable(
      this.#engine.run({ messages: prompt.messages, maxOutputTokens }, signal),
      signal,
    )) {
      if (event.type === 'finished') {
        finished = event;
        continue;
      }
      const bytes = event.type === 'text' ? Buffer.byteLength(event.text) : 0;
      written += bytes;
      ledger.write(bytes);
      yield event;
    }
    if (!finished)
      throw new ChorusError('E_ENGINE_RESPONSE', "the model's answer ended before it was complete");
    const estimate = { input: prompt.tokens, output: Math.ceil(written / (facts.bytesPerToken ?? Infinity)) };
    ledger.spend(finished.usage, estimate);
    if (finished.reason === 'filtered') {
      yield { type: 'rejected', reason: "the model's host withheld the answer" };
      return;
    }
    yield { type: 'completed', usage: finished.usage };
  }

  #outOfTime(cause: unknown): ChorusError {
    const { seconds } = this.#definition.limits;
    return new ChorusError('E_AGENT_TIME', 'the agent did not answer within its time', {
      facts: { seconds },
      hint: "ask for less, or let the agent's owner raise limits.seconds",
      cause: cause instanceof ChorusError ? cause : undefined,
    });
  }
}
