import {
  type AgentEvent,
  type AgentExecutor,
  type AgentRequest,
  type AgentResources,
  type AgentUsage,
  ChorusError,
  type CompletionEvent,
  type CompletionRequest,
  type EmbeddingEvent,
  type EmbeddingRequest,
  type Engine,
  type EngineEvent,
  type EngineMessage,
  hasCode,
  type Passage,
  type ToolCall,
  type Transcript,
} from '@chorus/protocol';
import type { AgentDefinition } from '../file/definition.ts';
import { LimitLedger, type RequestLedger } from '../limits/ledger.ts';
import { citationsOf } from './citations.ts';
import { completeAll } from './complete.ts';
import { embedAll } from './embed.ts';
import { fenceCode } from './fence.ts';
import { inferAll } from './infer.ts';
import { MAX_PASSAGES } from './limits.ts';
import { questionOf } from './passages.ts';
import { type Prompt, promptFor, tokensOf } from './prompt.ts';
import { RequestTools } from './request-tools.ts';
import { stoppable, unlessAborted } from './stoppable.ts';
import { type Approval, makeCalls } from './tool-calls.ts';

export interface ExecutorOptions {
  definition: AgentDefinition;
  /** The model that answers; the executor closes it. */
  engine: Engine;
  /** What it has besides; the executor closes it. */
  resources?: AgentResources;
  /** Asks the owner about a call of a tool that needs it; without it, such calls are refused. */
  approve?: (call: Approval, signal: AbortSignal) => Promise<boolean>;
  /** Milliseconds of a clock that does not go back; for tests. */
  now?: () => number;
}

/**
 * Does an agent's work with one model: instructions, conversation and message become a prompt, the model's calls of tools
 * are made, and its answer becomes events, within the limits of the agent file. It keeps nothing of a request.
 *
 * `execute` throws `E_AGENT_BUSY`, `E_AGENT_BUDGET`, `E_AGENT_CONTEXT`, `E_AGENT_TIME`, `E_TOOL_DRIFT`, what the engine throws, and the
 * signal's reason when aborted. A message that the model cannot read is an event `rejected`.
 */
export function createExecutor(options: ExecutorOptions): AgentExecutor {
  return new ModelExecutor(options);
}

const PARAGRAPH = '\n\n';

/** What one call of the model came to. */
interface Step {
  text: string;
  calls: readonly ToolCall[];
  reason: 'stop' | 'length' | 'filtered';
  usage: AgentUsage;
  transcript: Transcript | undefined;
}

class ModelExecutor implements AgentExecutor {
  readonly complete?: NonNullable<AgentExecutor['complete']>;
  readonly embed?: NonNullable<AgentExecutor['embed']>;
  readonly infer?: NonNullable<AgentExecutor['infer']>;
  readonly tensors?: NonNullable<AgentExecutor['tensors']>;
  readonly #definition: AgentDefinition;
  readonly #engine: Engine;
  readonly #resources: AgentResources | undefined;
  readonly #approve: NonNullable<ExecutorOptions['approve']> | null;
  readonly #now: () => number;
  readonly #ledger: LimitLedger;
  readonly #closing = new AbortController();

  constructor({ definition, engine, resources, approve, now = () => performance.now() }: ExecutorOptions) {
    this.#definition = definition;
    this.#engine = engine;
    this.#resources = resources;
    this.#approve = approve ?? null;
    this.#now = now;
    this.#ledger = new LimitLedger(definition.limits);
    if (engine.complete && definition.completions) this.complete = (...asked) => this.#complete(...asked);
    if (engine.embed) this.embed = (...asked) => this.#embed(...asked);
    if (engine.infer && engine.tensors) {
      this.tensors = engine.tensors;
      this.infer = (request, signal) =>
        this.#within(signal, (ledger, ended) => inferAll(this.#engine, request, ledger, ended));
    }
  }

  get callsTools(): boolean {
    return this.#engine.facts.callsTools;
  }

  get followsWishes(): boolean {
    return this.#engine.facts.followsWishes ?? false;
  }

  async *execute(request: AgentRequest, signal: AbortSignal): AsyncGenerator<AgentEvent> {
    try {
      yield* this.#within(signal, (ledger, ended) => this.#answer(request, ledger, ended));
    } catch (error) {
      if (!hasCode(error, 'E_AGENT_INPUT')) throw error;
      const { message, hint } = error as ChorusError;
      yield { type: 'rejected', reason: hint ? `${message}: ${hint}` : message };
    }
  }

  #complete(request: CompletionRequest, signal: AbortSignal): AsyncGenerator<CompletionEvent> {
    return this.#within(signal, (ledger, ended) =>
      completeAll(this.#engine, { ...request, transcript: this.#definition.receipts }, ledger, ended),
    );
  }

  #embed(request: EmbeddingRequest, signal: AbortSignal): AsyncGenerator<EmbeddingEvent> {
    return this.#within(signal, (ledger, ended) => embedAll(this.#engine, request, ledger, ended));
  }

  /** Work on one request, within its place and its time. */
  async *#within<T>(
    signal: AbortSignal,
    work: (ledger: RequestLedger, ended: AbortSignal) => AsyncGenerator<T>,
  ): AsyncGenerator<T> {
    signal.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    const ledger = this.#ledger.open(this.#now());
    const time = new AbortController();
    const timer = setTimeout(() => time.abort(), ledger.millisecondsLeft(this.#now()));
    const ended = AbortSignal.any([signal, time.signal, this.#closing.signal]);
    try {
      yield* work(ledger, ended);
    } catch (error) {
      signal.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      if (time.signal.aborted) throw this.#outOfTime(error);
      throw error;
    } finally {
      clearTimeout(timer);
      ledger.close();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new ChorusError('E_AGENT_CLOSED', 'the agent has ended'));
    try {
      await this.#engine.close();
    } finally {
      await this.#resources?.close();
    }
  }

  async *#answer(
    request: AgentRequest,
    ledger: RequestLedger,
    signal: AbortSignal,
  ): AsyncGenerator<AgentEvent> {
    const { facts } = this.#engine;
    const own = facts.callsTools ? (this.#resources?.toolsFor(request.caller) ?? []) : [];
    const tools = new RequestTools(request, own, facts.callsTools);
    const code = fenceCode();
    const passages = await this.#passages(request, signal);
    const extras = { tools: tools.all, callsOwn: tools.own.length > 0, passages, code };
    const prompt = promptFor(this.#definition, facts, request, ledger.tokensLeft, extras);
    const calling = { tools: tools.own, approve: this.#approve, code };
    let used: AgentUsage = { inputTokens: 0, outputTokens: 0 };
    let text = '';
    let reason: 'stop' | 'length';
    let transcript: Transcript | undefined;
    while (true) {
      const step = yield* this.#step(request, prompt, tools, ledger, text !== '', signal);
      used = {
        inputTokens: add(used, step.usage, 'inputTokens'),
        outputTokens: add(used, step.usage, 'outputTokens'),
      };
      // As the caller has it, with the line between the steps.
      text += `${text !== '' && step.text !== '' ? PARAGRAPH : ''}${step.text}`;
      if (step.reason === 'filtered') {
        yield { type: 'rejected', reason: "the model's host withheld the answer" };
        return;
      }
      // It shows what the last call of the model wrote, so it does not cover a text that others wrote too.
      [reason, transcript] = [step.reason, text === step.text ? step.transcript : undefined];
      // The arguments of a call that was cut are not what the model meant.
      if (step.calls.length === 0 || step.reason === 'length') break;
      const offered = tools.offeredOf(step.calls);
      for (const call of offered) yield { type: 'call', call };
      // Calls of its own in the same step are not made: nothing of them would be kept until the caller is back.
      if (offered.length > 0) break;
      const calls = yield* makeCalls(step.calls, calling, signal);
      const asked: EngineMessage = { role: 'assistant', text: step.text, files: [], data: [], calls };
      prompt.messages.push(asked);
      prompt.tokens += tokensOf(asked, facts.bytesPerToken);
    }
    const citations = citationsOf(text, prompt.passages);
    if (citations.length > 0) yield { type: 'citations', citations };
    yield {
      type: 'completed',
      usage: used,
      ...(reason === 'length' ? { reason } : {}),
      ...(transcript ? { transcript } : {}),
    };
  }

  /** What the agent's documents say to a message. */
  async #passages({ message, history }: AgentRequest, signal: AbortSignal): Promise<Passage[]> {
    const { knowledge = null } = this.#resources ?? {};
    if (!knowledge) return [];
    const question = questionOf(message.text, history);
    return unlessAborted(knowledge.search(question, MAX_PASSAGES, signal), signal);
  }

  /** One call of the model. Its text is passed on as it comes. */
  async *#step(
    { taskId, hops = 0, maxTokens = Number.POSITIVE_INFINITY, wishes }: AgentRequest,
    prompt: Prompt,
    tools: RequestTools,
    ledger: RequestLedger,
    isContinued: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<AgentEvent, Step> {
    const maxOutputTokens = Math.min(ledger.step(prompt.tokens), maxTokens);
    const calls: ToolCall[] = [];
    let text = '';
    let written = 0;
    let finished: Extract<EngineEvent, { type: 'finished' }> | undefined;
    const followed = {
      ...(wishes && this.followsWishes ? { wishes } : {}),
      ...(this.#definition.receipts ? { transcript: true } : {}),
    };
    const asked = { messages: [...prompt.messages], ...tools.asked, maxOutputTokens };
    const request = { ...asked, taskId, hops, ...followed };
    for await (const event of stoppable(this.#engine.run(request, signal), signal)) {
      if (event.type === 'finished') {
        finished = event;
        continue;
      }
      if (event.type === 'tool-call-part') {
        const { id, name, text } = event;
        if (tools.isOffered(event)) yield { type: 'call-part', id, name, text };
        continue;
      }
      const part = event.type === 'text' ? event.text : '';
      const bytes = Buffer.byteLength(event.type === 'tool-call' ? JSON.stringify(event.call) : part);
      written += bytes;
      ledger.write(bytes);
      if (event.type === 'tool-call') {
        calls.push(event.call);
        continue;
      }
      // What the model says after a call is a paragraph of its own.
      if (isContinued && text === '' && part !== '') yield { type: 'text', text: PARAGRAPH };
      text += part;
      yield event;
    }
    if (!finished)
      throw new ChorusError('E_ENGINE_RESPONSE', "the model's answer ended before it was complete");
    const { bytesPerToken } = this.#engine.facts;
    const estimate = { input: prompt.tokens, output: Math.ceil(written / (bytesPerToken ?? Infinity)) };
    ledger.spend(finished.usage, estimate);
    const { reason, usage, transcript } = finished;
    return { text, calls, reason, usage, transcript };
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

/** Null as soon as one call of the model does not say. */
function add(one: AgentUsage, other: AgentUsage, key: keyof AgentUsage): number | null {
  const [a, b] = [one[key], other[key]];
  return a === null || b === null ? null : a + b;
}
