import type { AgentCard } from '@a2a-js/sdk';
import { JsonRpcTransportHandler } from '@a2a-js/sdk/server';
import { ChorusError } from '@chorus/protocol';
import type { A2aLimits } from '../tasks/limits.ts';
import { AgentHandler, type HandlerParts } from './handler.ts';

/** What the two bindings share: the handler, its limits, and the open event streams. */
export class A2aService {
  readonly card: AgentCard;
  readonly limits: A2aLimits;
  readonly handler: AgentHandler;
  readonly rpc: JsonRpcTransportHandler;
  readonly closing = new AbortController();
  readonly #streams = new Map<string, number>();
  #open = 0;

  constructor(parts: HandlerParts) {
    this.card = parts.card;
    this.limits = parts.limits;
    this.handler = new AgentHandler(parts);
    this.rpc = new JsonRpcTransportHandler(this.handler);
  }

  get openStreams(): number {
    return this.#open;
  }

  /**
   * Take a place for an event stream; gives it back when called.
   * @throws ChorusError `E_A2A_BUSY`
   */
  stream(caller: string): () => void {
    const own = this.#streams.get(caller) ?? 0;
    if (this.#open >= this.limits.maxStreams || own >= this.limits.maxStreamsPerCaller) {
      throw new ChorusError('E_A2A_BUSY', 'too many event streams are open', {
        hint: 'end some, or ask again later',
      });
    }
    this.#open++;
    this.#streams.set(caller, own + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#open--;
      const left = (this.#streams.get(caller) ?? 1) - 1;
      if (left > 0) this.#streams.set(caller, left);
      else this.#streams.delete(caller);
    };
  }
}
