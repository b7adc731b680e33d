import {
  ChorusError,
  type Engine,
  type EngineEvent,
  type EngineFacts,
  type EngineRequest,
  type ToolChoice,
  type ToolDescription,
} from '@chorus/protocol';
import type { JSONSchema7, ToolSet } from 'ai';
import { endpointFault } from './faults.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { chatMessages } from './messages.ts';

export interface ChatOptions {
  /** Base address of an OpenAI-compatible API, such as `http://127.0.0.1:11434/v1`. */
  url: string;
  /** Name of the model there. */
  name: string;
  key?: string | null;
  /** 0 to 2; default: the endpoint's own. */
  temperature?: number | null;
  /** Milliseconds of silence after which an answer is given up. */
  idleMilliseconds?: number;
}

/** A server that loads a large model from a disk is silent for a minute or two. */
const IDLE_MILLISECONDS = 180_000;

/** Bytes of a stream that are not its text: its frame, and what servers say of each token. */
const FRAME_BYTES = 256 * 1024;
const BYTES_PER_TOKEN = 1024;

/**
 * An engine that asks a chat endpoint, streaming. Nothing is sent before the first request, and a failed one is not
 * repeated: that is for the caller to decide, who knows what it costs.
 */
export function createChatEngine(options: ChatOptions): Engine {
  return new ChatEngine(options);
}

/** The SDK takes 0.4 s and 25 MB to load: not before the first request. */
async function loadSdk() {
  // Its warnings go to the console otherwise.
  globalThis.AI_SDK_LOG_WARNINGS = false;
  const [{ streamText, jsonSchema }, { createOpenAICompatible }] = await Promise.all([
    import('ai'),
    import('@ai-sdk/openai-compatible'),
  ]);
  return { streamText, jsonSchema, createOpenAICompatible };
}

class ChatEngine implements Engine {
  readonly facts: EngineFacts;
  readonly #options: ChatOptions;
  readonly #closing = new AbortController();

  constructor(options: ChatOptions) {
    this.#options = options;
    this.facts = {
      kind: 'chat',
      model: options.name,
      inputModes: ['text/plain', 'application/json'],
      outputModes: ['text/plain'],
      conversation: true,
      callsTools: true,
      bytesPerToken: 4,
      details: { host: new URL(options.url).host },
    };
  }

  async *run(
    { messages, tools = [], toolChoice = 'auto', maxOutputTokens }: EngineRequest,
    given: AbortSignal,
  ): AsyncGenerator<EngineEvent> {
    const { url, name, key, temperature, idleMilliseconds = IDLE_MILLISECONDS } = this.#options;
    const signal = AbortSignal.any([given, this.#closing.signal]);
    signal.throwIfAborted();
    const prompt = chatMessages(messages);
    const { streamText, jsonSchema, createOpenAICompatible } = await loadSdk();
    signal.throwIfAborted();
    const provider = createOpenAICompatible({
      name: 'endpoint',
      baseURL: url,
      ...(key ? { apiKey: key } : {}),
      includeUsage: true,
      fetch: guardedFetch({ maxBytes: FRAME_BYTES + BYTES_PER_TOKEN * maxOutputTokens, idleMilliseconds }),
    });
    try {
      const { fullStream } = streamText({
        model: provider.chatModel(name),
        ...(prompt.instructions === undefined ? {} : { instructions: prompt.instructions }),
        messages: prompt.messages,
        ...(tools.length > 0 ? { tools: toolSet(tools, jsonSchema), toolChoice: choiceOf(toolChoice) } : {}),
        maxOutputTokens,
        ...(temperature === null || temperature === undefined ? {} : { temperature }),
        abortSignal: signal,
        maxRetries: 0,
        // Errors are parts of the stream; by default they are printed as well.
        onError: () => {},
      });
      for await (const part of fullStream) {
        if (part.type === 'text-delta') yield { type: 'text', text: part.text };
        else if (part.type === 'tool-call') {
          // Of a call that the SDK could not read, the input is the model's text.
          const input = part.invalid && typeof part.input === 'string' ? undefined : part.input;
          yield { type: 'tool-call', call: { id: part.toolCallId, name: part.toolName, input } };
        } else if (part.type === 'error') throw part.error;
        else if (part.type === 'abort') signal.throwIfAborted();
        else if (part.type === 'finish') yield finished(part);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw endpointFault(error, name);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new ChorusError('E_AGENT_CLOSED', 'the model has been closed'));
  }
}

/** Tools without a function to run: the SDK ends its answer when the model asks for a call. */
function toolSet(tools: readonly ToolDescription[], jsonSchema: typeof import('ai')['jsonSchema']): ToolSet {
  return Object.fromEntries(
    tools.map(({ name, description, inputSchema }) => [
      name,
      { description, inputSchema: jsonSchema(inputSchema as JSONSchema7) },
    ]),
  );
}

const choiceOf = (choice: ToolChoice) =>
  typeof choice === 'string' ? choice : { type: 'tool' as const, toolName: choice.name };

/** @throws Error if the stream ended without saying why: the answer may be cut anywhere */
function finished({
  finishReason,
  rawFinishReason,
  totalUsage,
}: {
  finishReason: string;
  rawFinishReason: string | undefined;
  totalUsage: { inputTokens: number | undefined; outputTokens: number | undefined };
}): EngineEvent {
  if (rawFinishReason === undefined || finishReason === 'error') {
    throw new Error('the stream ended before the answer was complete');
  }
  const reason =
    finishReason === 'length' ? 'length' : finishReason === 'content-filter' ? 'filtered' : 'stop';
  const { inputTokens = null, outputTokens = null } = totalUsage;
  return { type: 'finished', reason, usage: { inputTokens, outputTokens } };
}
