import type {
  EngineCompletion,
  EngineCompletionEvent,
  ScoredToken,
  TextPrompt,
  WritingWishes,
} from './completion.ts';
import type { AgentAttachment, AgentUsage } from './executor.ts';
import type { NamedTensor, TensorSignature } from './tensors.ts';
import type { ToolChoice, ToolDescription } from './tools.ts';
import type { Transcript } from './transcript.ts';

/** A part of a conversation as a model is given it. */
export interface EngineMessage {
  role: 'system' | 'user' | 'assistant';
  text: string;
  files: readonly AgentAttachment[];
  /** JSON values. */
  data: readonly unknown[];
  /** Calls of tools that the assistant asked for in this message, with what they answered. */
  calls?: readonly EngineCall[];
}

/** A call of a tool, and its answer as the model is shown it. */
export interface EngineCall extends ToolCall {
  output: string;
}

/** A call that a model asks for. */
export interface ToolCall {
  id: string;
  name: string;
  /** A JSON value; undefined if what the model wrote is not JSON. */
  input: unknown;
}

export interface EngineRequest {
  /** The conversation, the oldest message first; the last one is the user's, or an assistant's with answered calls. */
  messages: readonly EngineMessage[];
  /** Tools that the model may ask to call; only for an engine that can, by its facts. */
  tools?: readonly ToolDescription[];
  /** Which of them it is to call; `auto` by default. */
  toolChoice?: ToolChoice;
  /** Whether one answer may ask for several calls; it may by default. */
  parallelCalls?: boolean;
  /** Most tokens of the answer, in the model's own; 1 or more. */
  maxOutputTokens: number;
  /** Only for an engine that follows them, by its facts. */
  wishes?: WritingWishes;
  /** Say in the end what was read and written; by default no transcript is made. */
  transcript?: boolean;
  /** Id of the task that this is for: the same when the request is repeated after a failure; by default none. */
  taskId?: string;
  /** Agents that have passed the request on to this one; 0 by default. */
  hops?: number;
}

/** What a model answers. The last event is `finished`, and no other one is. */
export type EngineEvent =
  /** A further part of the answer's text, and the tokens that were written meanwhile, if the wishes ask for them. */
  | { type: 'text'; text: string; tokens?: readonly ScoredToken[] }
  /** A result besides the text: a JSON value. */
  | { type: 'data'; name: string; value: unknown }
  /** A result besides the text: a file. */
  | { type: 'file'; file: AgentAttachment }
  /** The model wants a tool to be called, and its answer in a further request. */
  | { type: 'tool-call'; call: ToolCall }
  /** A further part of the arguments of a call, as JSON text; the whole call follows. Some engines report no parts. */
  | { type: 'tool-call-part'; id: string; name: string; text: string }
  /** `length`: the answer is cut at `maxOutputTokens`. `filtered`: the model's host withheld it. */
  | {
      type: 'finished';
      reason: 'stop' | 'length' | 'filtered';
      usage: AgentUsage;
      /** Only if the request asks for it, of a language model on this machine. */
      transcript?: Transcript;
    };

/** What a model takes and gives, for a card, a check and the prompt. */
export interface EngineFacts {
  /** `agent`: another agent answers. */
  kind: 'chat' | 'classifier' | 'text' | 'embedding' | 'agent';
  /** The model's name, or the name of its file. */
  model: string;
  /** Media types of what it reads and writes. */
  inputModes: readonly string[];
  outputModes: readonly string[];
  /** Whether earlier messages of a conversation count. */
  conversation: boolean;
  /** Whether the model can ask for calls of tools. */
  callsTools: boolean;
  /** Whether the model writes as a request wishes; by default it does not. */
  followsWishes?: boolean;
  /**
   * Bytes of UTF-8 that make about one token, to bound a prompt before the model counts it; null if the model has no
   * tokens, and the size of its input is fixed.
   */
  bytesPerToken: number | null;
  /** Facts for readers, such as the shape of an input and the number of classes. */
  details: Readonly<Record<string, string | number>>;
}

/**
 * The port of everything that computes an answer: an endpoint, or a model on this machine.
 *
 * Engines keep nothing of a request: what a model is shown is in that request alone.
 */
export interface Engine {
  readonly facts: EngineFacts;
  /**
   * Computes one answer, as a stream.
   * @throws ChorusError `E_AGENT_INPUT` before any event if the model cannot read the message; `E_AGENT_CONTEXT` if it
   * is too long for the model; `E_ENGINE_...` if the model does not answer; `E_MODEL_...` if a model on this machine
   * fails; the signal's reason when aborted
   */
  run(request: EngineRequest, signal: AbortSignal): AsyncIterable<EngineEvent>;
  /**
   * Writes on from one text as it is; absent if the model is no language model on this machine.
   * @throws ChorusError as `run`
   */
  complete?(request: EngineCompletion, signal: AbortSignal): AsyncIterable<EngineCompletionEvent>;
  /**
   * Turns texts into vectors, in order; absent if the model does not do that.
   * @returns vectors of some texts after the other, and the tokens of these texts
   * @throws ChorusError as `run`
   */
  embed?(
    inputs: readonly TextPrompt[],
    signal: AbortSignal,
  ): AsyncIterable<{ vectors: readonly Float32Array[]; tokens: number }>;
  /** What `infer` takes and gives; absent with it. */
  readonly tensors?: TensorSignature;
  /**
   * Computes the outputs of a model of tensors, as they are; absent if the model has text, or another form.
   * @param inputs one for each input of the model, of its type, with as many bytes as their shapes say
   * @throws ChorusError as `run`
   */
  infer?(inputs: readonly NamedTensor[], signal: AbortSignal): Promise<readonly NamedTensor[]>;
  /** Ends it, with all requests. Safe to call again. */
  close(): Promise<void>;
}
