import {
  ChorusError,
  type Engine,
  type EngineEvent,
  type EngineFacts,
  type EngineRequest,
} from '@chorus/protocol';

export interface ScriptedOptions {
  /** Events of one answer; `echo: ` and the message by default. */
  answer?: (request: EngineRequest, signal: AbortSignal) => AsyncIterable<EngineEvent>;
  facts?: Partial<EngineFacts>;
}

/** A model in memory that records what it is shown. */
export class ScriptedEngine implements Engine {
  readonly facts: EngineFacts;
  readonly requests: EngineRequest[] = [];
  isClosed = false;
  readonly #answer: NonNullable<ScriptedOptions['answer']>;
  readonly #closing = new AbortController();

  constructor({ answer = echo, facts = {} }: ScriptedOptions = {}) {
    this.#answer = answer;
    this.facts = {
      kind: 'chat',
      model: 'scripted',
      inputModes: ['text/plain'],
      outputModes: ['text/plain'],
      conversation: true,
      callsTools: true,
      bytesPerToken: 4,
      details: {},
      ...facts,
    };
  }

  async *run(request: EngineRequest, given: AbortSignal): AsyncGenerator<EngineEvent> {
    const signal = AbortSignal.any([given, this.#closing.signal]);
    signal.throwIfAborted();
    this.requests.push(request);
    for await (const event of this.#answer(request, signal)) {
      signal.throwIfAborted();
      yield event;
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.#closing.abort(new ChorusError('E_AGENT_CLOSED', 'the model has been closed'));
  }
}

async function* echo({ messages }: EngineRequest): AsyncGenerator<EngineEvent> {
  const { text, files } = messages.at(-1)!;
  if (files.length > 0)
    throw new ChorusError('E_AGENT_INPUT', 'this agent reads no files', { hint: 'send text' });
  for (const part of ['echo: ', text]) {
    await new Promise(setImmediate);
    yield { type: 'text', text: part };
  }
  yield { type: 'finished', reason: 'stop', usage: { inputTokens: 5, outputTokens: 2 } };
}
