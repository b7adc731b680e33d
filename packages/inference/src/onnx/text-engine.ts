import { randomInt } from 'node:crypto';
import {
  ChorusError,
  type Engine,
  type EngineEvent,
  type EngineFacts,
  type EngineMessage,
  type EngineRequest,
} from '@chorus/protocol';
import { type LocalModelOptions, withDefaults } from './host-options.ts';
import type { Opened, Sampling } from './jobs/messages.ts';
import { ModelHost } from './process/model-host.ts';

export interface TextModelOptions extends LocalModelOptions {
  sampling: Sampling;
}

const MAX_SEED = 2 ** 31;

/**
 * Opens an ONNX language model over bytes: one input [N, context] of bytes, logits of the next byte [N, 256], or at every
 * place [N, context, 256], as models that a task trained on text are.
 *
 * It continues what it is sent; the conversation before stands in front of it, line by line.
 * @throws ChorusError `E_MODEL_...` if the model cannot be used
 */
export async function createTextModel(options: TextModelOptions): Promise<Engine> {
  const { sampling, name, signal } = options;
  const { setup, limits } = withDefaults(options);
  const host = new ModelHost({ ...setup, task: { kind: 'text', context: sampling.context ?? null } }, limits);
  const { context } = (await host.open(signal)) as Extract<Opened, { kind: 'text' }>;
  return new TextEngine(host, name, sampling, context);
}

class TextEngine implements Engine {
  readonly facts: EngineFacts;
  readonly #host: ModelHost;
  readonly #sampling: Sampling;

  constructor(host: ModelHost, model: string, sampling: Sampling, context: number) {
    this.#host = host;
    this.#sampling = sampling;
    this.facts = {
      kind: 'text',
      model,
      inputModes: ['text/plain'],
      outputModes: ['text/plain'],
      conversation: true,
      callsTools: false,
      bytesPerToken: 1,
      details: { context, length: sampling.length },
    };
  }

  async *run({ messages, maxOutputTokens }: EngineRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const prompt = new TextEncoder().encode(messages.map(textOf).join('\n'));
    const seed = this.#sampling.seed ?? randomInt(MAX_SEED);
    const most = Math.min(this.#sampling.length, maxOutputTokens);
    const decoder = new TextDecoder();
    let end: { reason: 'stop' | 'length'; bytes: number } | undefined;
    for await (const answer of this.#host.run(
      { kind: 'write', prompt, sampling: this.#sampling, seed, most },
      signal,
    )) {
      if (answer.kind === 'written') end = answer;
      if (answer.kind !== 'bytes') continue;
      // A character may come in several parts.
      const text = decoder.decode(answer.bytes, { stream: true });
      if (text !== '') yield { type: 'text', text };
    }
    const rest = decoder.decode();
    if (rest !== '') yield { type: 'text', text: rest };
    const usage = { inputTokens: prompt.length, outputTokens: end?.bytes ?? null };
    yield { type: 'finished', reason: end?.reason ?? 'stop', usage };
  }

  close(): Promise<void> {
    return this.#host.close();
  }
}

/** @throws ChorusError `E_AGENT_INPUT` if there is more than text in it */
function textOf({ text, files, data }: EngineMessage): string {
  const parts = files.map(({ mediaType, bytes }) => {
    if (mediaType.startsWith('text/')) return new TextDecoder().decode(bytes);
    throw new ChorusError(
      'E_AGENT_INPUT',
      `this agent does not read files of the type ${mediaType.slice(0, 60)}`,
      {
        hint: 'send text',
      },
    );
  });
  if (data.length > 0)
    throw new ChorusError('E_AGENT_INPUT', 'this agent reads text only', { hint: 'send text' });
  return [...parts, text].filter((part) => part !== '').join('\n');
}
