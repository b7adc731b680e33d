import { randomBytes, randomInt } from 'node:crypto';
import type { CallRules } from '@chorus/language-models';
import {
  ChorusError,
  type Engine,
  type EngineCompletion,
  type EngineCompletionEvent,
  type EngineEvent,
  type EngineFacts,
  type EngineRequest,
  type ModelIdentity,
  type ScoredToken,
  type ToolDescription,
  type Transcript,
  type WritingWishes,
} from '@chorus/protocol';
import { contentOf } from '../messages/content.ts';
import { CallEvents } from './call-events.ts';
import { filledLimits } from './host-options.ts';
import type { Findings, LanguageJob, LanguageOpened, Written } from './jobs/language-messages.ts';
import { checkJob, DEFAULT_SAMPLING } from './language-checks.ts';
import type { GenerationEvent, GenerationRequest, LanguageModelOptions } from './language-options.ts';
import { ModelHost } from './process/model-host.ts';

/** An engine with all that its model can do. */
export interface LanguageModel extends Engine {
  /**
   * Writes one text, with others at the same time.
   *
   * @throws ChorusError `E_AGENT_INPUT`, `E_AGENT_CONTEXT`, `E_AGENT_BUSY` before any event; `E_MODEL_...`; the signal's
   * reason when aborted
   */
  generate(request: GenerationRequest, signal: AbortSignal): AsyncGenerator<GenerationEvent>;
  complete(request: EngineCompletion, signal: AbortSignal): AsyncGenerator<EngineCompletionEvent>;
  /**
   * Reads a transcript, and says how it fits this model: whether it was made by this one is decided by `verdictOf`.
   *
   * @throws ChorusError `E_AGENT_CONTEXT`, `E_AGENT_TRANSCRIPT`, `E_AGENT_BUSY`; `E_MODEL_...`; the signal's reason when
   * aborted
   */
  check(transcript: Transcript, signal: AbortSignal): Promise<Findings>;
  /** The digests of its files. */
  readonly identity: ModelIdentity;
}

/** Random seeds are below it: what `randomInt` of Node gives at most. */
const MAX_SEED = 2 ** 47;

/**
 * Opens a language model in a GGUF file (architecture llama, qwen2 or qwen3), in a process of its own.
 *
 * @throws RangeError if a number of the options is not possible
 * @throws ChorusError `E_MODEL_...` if the model cannot be used
 */
export async function createLanguageModel(options: LanguageModelOptions): Promise<LanguageModel> {
  const { name, slots = 4, queue = 64, context = null, weights = 'int8', signal } = options;
  const { prefixBytes = 256 * 2 ** 20, adapter = null, threads = 1, model, schema } = options;
  for (const [what, value, least] of [
    ['slots', slots, 1],
    ['queue', queue, 0],
    ['context', context ?? 2, 2],
    ['prefixBytes', prefixBytes, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least)
      throw new RangeError(`${what} is ${value}, not ${least} or more`);
  }
  const settings = { slots, context, weights, adapter, prefixBytes };
  const task = { kind: 'language', ...settings, ...(schema === undefined ? {} : { schema }) } as const;
  const host = new ModelHost({ task, model, threads }, filledLimits(options.limits));
  const opened = (await host.open(signal)) as LanguageOpened;
  const facts: EngineFacts = {
    kind: opened.converses ? 'chat' : 'text',
    model: name,
    inputModes: ['text/plain'],
    outputModes: [...(schema === undefined ? [] : ['application/json']), 'text/plain'],
    conversation: true,
    callsTools: opened.converses,
    followsWishes: true,
    // English has 4 to 5; other languages and code less.
    bytesPerToken: 3,
    details: { context: opened.context, slots, weights },
  };
  return new ProcessLanguageModel(host, facts, opened, slots + queue, options);
}

class ProcessLanguageModel implements LanguageModel {
  readonly facts: EngineFacts;
  readonly identity: ModelIdentity;
  readonly #context: number;
  readonly #host: ModelHost;
  readonly #most: number;
  readonly #defaults: Pick<LanguageModelOptions, 'sampling' | 'stop' | 'schema'>;
  #open = 0;

  constructor(
    host: ModelHost,
    facts: EngineFacts,
    { identity, context }: LanguageOpened,
    most: number,
    defaults: LanguageModelOptions,
  ) {
    [this.identity, this.#context] = [identity, context];
    [this.#host, this.facts, this.#most, this.#defaults] = [host, facts, most, defaults];
  }

  async *generate(request: GenerationRequest, signal: AbortSignal): AsyncGenerator<GenerationEvent> {
    signal.throwIfAborted();
    const job = this.#jobOf(request);
    const decoder = new TextDecoder();
    for await (const answer of this.#placed(() => this.#host.run(job, signal))) {
      if (answer.kind === 'token') {
        const text = decoder.decode(answer.bytes, { stream: true });
        yield { ...answer.token, type: 'token', text, calls: answer.calls };
      } else if (answer.kind === 'read') {
        if (answer.tokens.length > 0) yield { type: 'prompt', tokens: answer.tokens, text: '' };
      } else if (answer.kind === 'generated') {
        const { reason, inputTokens, cachedTokens, outputTokens, written, calls } = answer;
        const text = decoder.decode(answer.bytes);
        const transcript = written && { transcript: this.#transcriptOf(job, written, reason) };
        yield {
          type: 'finished',
          reason,
          text,
          calls,
          inputTokens,
          cachedTokens,
          outputTokens,
          ...transcript,
        };
      }
    }
  }

  async check(transcript: Transcript, signal: AbortSignal): Promise<Findings> {
    signal.throwIfAborted();
    const job = { kind: 'check', transcript } as const;
    for await (const answer of this.#placed(() => this.#host.run(job, signal))) {
      if (answer.kind === 'checked') return answer.findings;
    }
    throw new ChorusError('E_ENGINE_RESPONSE', 'the model ended without a result');
  }

  /** The same answers, within a place of their own. @throws ChorusError `E_AGENT_BUSY` if none is left */
  async *#placed<T>(work: () => AsyncIterable<T>): AsyncGenerator<T> {
    if (this.#open >= this.#most) {
      throw new ChorusError('E_AGENT_BUSY', 'the model has as many requests as it takes', {
        facts: { requests: this.#open },
        hint: 'try again later',
      });
    }
    this.#open++;
    try {
      yield* work();
    } finally {
      this.#open--;
    }
  }

  #transcriptOf(
    { sampling, schema, calls, stop, most }: LanguageJob,
    written: Written,
    reason: Transcript['reason'],
  ): Transcript {
    return {
      format: 'chorus-transcript/1',
      salt: randomBytes(16).toString('hex'),
      model: this.identity,
      ...written,
      sampling: { ...sampling, logitBias: [...sampling.logitBias] },
      schema,
      ...(calls && { calls: toldOf(calls) }),
      stop: [...stop],
      most,
      context: this.#context,
      reason,
    };
  }

  async *run(
    { messages, maxOutputTokens, wishes = {}, transcript = false, ...offered }: EngineRequest,
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent> {
    const said = messages.map((message) => ({
      role: message.role,
      content: contentOf(message),
      ...(message.calls && { calls: message.calls }),
    }));
    const prompt =
      this.facts.kind === 'chat'
        ? { messages: said }
        : { text: said.map(({ content }) => content).join('\n') };
    const { tools = [], toolChoice: choice = 'auto', parallelCalls: parallel = true } = offered;
    const calls =
      this.facts.callsTools && tools.length > 0
        ? { calls: { tools: tools.map(plain), choice, parallel } }
        : {};
    const { schema } = this.#defaults;
    const held = schema === undefined ? {} : { schema };
    const limits = { maxTokens: maxOutputTokens, transcript };
    const request = { prompt, ...limits, ...held, ...calls, ...this.#wished(wishes) };
    for await (const event of toEngineEvents(this.generate(request, signal), wishes)) {
      // The prompt of a conversation is the owner's.
      if (event.type !== 'prompt') yield event;
    }
  }

  complete(
    { prompt, maxTokens, echo, wishes, transcript = false }: EngineCompletion,
    signal: AbortSignal,
  ): AsyncGenerator<EngineCompletionEvent> {
    const given = 'tokens' in prompt ? { tokens: [...prompt.tokens] } : prompt;
    const request = { prompt: given, maxTokens, echo, transcript, ...this.#wished(wishes) };
    // It offers no tools, so there are no calls.
    return toEngineEvents(this.generate(request, signal), wishes) as AsyncGenerator<EngineCompletionEvent>;
  }

  close(): Promise<void> {
    return this.#host.close();
  }

  #wished({ stop = [], logprobs, schema, ...sampling }: WritingWishes) {
    return {
      sampling,
      stop: [...(this.#defaults.stop ?? []), ...stop],
      ...(logprobs === undefined ? {} : { logprobs }),
      ...(schema === undefined ? {} : { schema }),
    };
  }

  #jobOf({
    prompt,
    maxTokens,
    sampling,
    schema,
    calls,
    stop,
    logprobs,
    echo = false,
    transcript = false,
  }: GenerationRequest): LanguageJob {
    const defaults = this.#defaults;
    const seed = randomInt(MAX_SEED);
    const job: LanguageJob = {
      kind: 'generate',
      prompt,
      most: maxTokens,
      schema: schema ?? null,
      calls: calls ?? null,
      stop: stop ?? defaults.stop ?? [],
      logprobs: logprobs ?? null,
      echo,
      transcript,
      sampling: { ...DEFAULT_SAMPLING, seed, ...defaults.sampling, ...sampling },
    };
    checkJob(job);
    return job;
  }
}

/** A tool without its functions: it goes to another process. */
const plain = ({ name, description, inputSchema, strict = false }: ToolDescription): ToolDescription => ({
  name,
  description,
  inputSchema,
  strict,
});

/** What of tools decides the tokens of an answer, for its transcript. */
const toldOf = ({ tools, choice, parallel }: CallRules): NonNullable<Transcript['calls']> => ({
  tools: tools.map(({ name, inputSchema, strict = false }) => ({ name, inputSchema, strict })),
  choice,
  parallel,
});

/** What was generated as events of the port; its tokens if the wishes ask for them. */
async function* toEngineEvents(
  events: AsyncIterable<GenerationEvent>,
  { logprobs }: WritingWishes,
): AsyncGenerator<EngineCompletionEvent | EngineEvent> {
  const calls = new CallEvents();
  for await (const event of events) {
    if (event.type === 'prompt') {
      yield { type: 'prompt', tokens: event.tokens };
      continue;
    }
    const tokens = event.type === 'token' && logprobs !== undefined ? { tokens: [scored(event)] } : {};
    if (event.text !== '' || tokens.tokens) yield { type: 'text', text: event.text, ...tokens };
    yield* calls.of(event.calls);
    if (event.type !== 'finished') continue;
    const { reason, inputTokens, outputTokens, transcript } = event;
    const usage = { inputTokens, outputTokens };
    yield { type: 'finished', reason, usage, ...(transcript ? { transcript } : {}) };
  }
}

const scored = ({ id, bytes, name, logprob, top }: ScoredToken): ScoredToken => ({
  id,
  bytes,
  name,
  logprob,
  top,
});
