import { type AgentUsage, ChorusError } from '@chorus/protocol';
import type { AgentLimits } from '../file/schema.ts';

/** A model that ignores its limit is cut off at this number of bytes for each token it may write. */
const MOST_BYTES_PER_TOKEN = 64;

/** Counts what the requests of one agent use, and refuses what is over its limits. It has no clock and no timers. */
export class LimitLedger {
  readonly #limits: AgentLimits;
  #running = 0;

  constructor(limits: AgentLimits) {
    this.#limits = limits;
  }

  /** Requests that are open. */
  get running(): number {
    return this.#running;
  }

  /**
   * Begins a request; end it with `close`.
   * @param now milliseconds of any clock that does not go back
   * @throws ChorusError `E_AGENT_BUSY` if too many are open
   */
  open(now: number): RequestLedger {
    const { concurrent } = this.#limits;
    if (this.#running >= concurrent) {
      throw new ChorusError('E_AGENT_BUSY', 'the agent answers as many requests as it may', {
        facts: { concurrent },
        hint: 'try again later',
      });
    }
    this.#running++;
    return new RequestLedger(this.#limits, now, () => {
      this.#running--;
    });
  }
}

/** What one request has used. */
export class RequestLedger {
  readonly #limits: AgentLimits;
  readonly #end: number;
  readonly #onClose: () => void;
  #closed = false;
  #steps = 0;
  #tokens = 0;
  #written = 0;
  #mayWrite = Infinity;

  constructor(limits: AgentLimits, now: number, onClose: () => void) {
    this.#limits = limits;
    this.#end = now + 1000 * limits.seconds;
    this.#onClose = onClose;
  }

  /** Tokens that are left for questions and answers. */
  get tokensLeft(): number {
    return Math.max(0, this.#limits.tokens - this.#tokens);
  }

  /** Milliseconds that are left; 0 if the time is over. */
  millisecondsLeft(now: number): number {
    return Math.max(0, this.#end - now);
  }

  /**
   * Begins one call of the model.
   * @param inputTokens estimated tokens of the question
   * @returns most tokens that the answer may have
   * @throws ChorusError `E_AGENT_BUDGET` if it was the last, or no token is left for an answer
   */
  step(inputTokens: number): number {
    const { steps, tokens } = this.#limits;
    if (this.#steps >= steps)
      throw overBudget('steps', steps, 'the request needs more calls of the model than it may make');
    const output = this.tokensLeft - inputTokens;
    if (output < 1) throw overBudget('tokens', tokens, 'the request uses more tokens than it may');
    this.#steps++;
    this.#written = 0;
    this.#mayWrite = output * MOST_BYTES_PER_TOKEN;
    return output;
  }

  /**
   * Counts text of the answer while it arrives.
   * @throws ChorusError `E_AGENT_BUDGET` if it is longer than its tokens can be: the model ignores its limit
   */
  write(bytes: number): void {
    this.#written += bytes;
    if (this.#written > this.#mayWrite) {
      throw overBudget('tokens', this.#limits.tokens, 'the model writes more than it was allowed to');
    }
  }

  /** Counts the tokens of a call that is over; those that the model does not report are taken as estimated. */
  spend({ inputTokens, outputTokens }: AgentUsage, estimate: { input: number; output: number }): void {
    this.#tokens += (inputTokens ?? estimate.input) + (outputTokens ?? estimate.output);
  }

  /** Ends the request. Safe to call again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }
}

function overBudget(limit: 'steps' | 'tokens', value: number, message: string): ChorusError {
  return new ChorusError('E_AGENT_BUDGET', message, {
    facts: { limit: `limits.${limit}`, value },
    hint: `ask for less, or let the agent's owner raise limits.${limit}`,
  });
}
