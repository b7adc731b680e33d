import { randomBytes } from 'node:crypto';
import type { CallPart } from '@chorus/language-models';
import { type EngineEvent, jsonOf } from '@chorus/protocol';

type CallEvent = Extract<EngineEvent, { type: 'tool-call' | 'tool-call-part' }>;

/** Turns what a model writes of calls into events of the port, and gives each call an id. */
export class CallEvents {
  #call: { id: string; name: string; text: string } = { id: '', name: '', text: '' };
  #decoder = new TextDecoder();

  *of(parts: readonly CallPart[]): Generator<CallEvent> {
    for (const part of parts) {
      if (part.kind === 'begin') {
        this.#call = { id: `call_${randomBytes(9).toString('hex')}`, name: part.name, text: '' };
        this.#decoder = new TextDecoder();
        yield this.#part('');
      } else if (part.kind === 'arguments') {
        yield this.#part(this.#decoder.decode(part.bytes, { stream: true }));
      } else {
        const { id, name, text } = this.#call;
        yield { type: 'tool-call', call: { id, name, input: jsonOf(text) } };
      }
    }
  }

  #part(text: string): CallEvent {
    this.#call.text += text;
    const { id, name } = this.#call;
    return { type: 'tool-call-part', id, name, text };
  }
}
