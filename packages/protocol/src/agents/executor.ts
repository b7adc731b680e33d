import type {
  CompletionEvent,
  CompletionRequest,
  EmbeddingEvent,
  EmbeddingRequest,
  ScoredToken,
  WritingWishes,
} from './completion.ts';
import type { EngineCall, ToolCall } from './engine.ts';
import type { Citation } from './knowledge.ts';
import type { TensorEvent, TensorRequest, TensorSignature } from './tensors.ts';
import type { ToolChoice, ToolDescription } from './tools.ts';
import type { Transcript } from './transcript.ts';

/** A file that travels with a message of an agent. */
export interface AgentAttachment {
  name: string | null;
  /** Media type, such as `image/png`; `application/octet-stream` if the sender did not say. */
  mediaType: string;
  bytes: Uint8Array;
}

/** One message of a conversation: text, attached files and JSON values, in the order they were sent. */
export interface AgentMessage {
  from: 'caller' | 'agent';
  text: string;
  files: readonly AgentAttachment[];
  /** JSON values. */
  data: readonly unknown[];
  /** Calls of its caller's tools that the agent asked for in this message, with what the caller answered. */
  calls?: readonly EngineCall[];
}

/** Tools of a caller: an agent that wants one to be called says so and ends, and is asked again with the answer. */
export interface CallerTools {
  tools: readonly ToolDescription[];
  /** With another choice than `auto` the agent's own tools are not called. */
  choice: ToolChoice;
  /** Whether one answer may ask for several calls. */
  parallel: boolean;
}

/** What a caller asks of an agent. */
export interface AgentRequest {
  /** Id of the agent task (A2A's word) that this request belongs to. */
  taskId: string;
  /** Id of the conversation. */
  contextId: string;
  message: AgentMessage;
  /** Earlier messages of the conversation, the oldest first. Only of the same caller. */
  history: readonly AgentMessage[];
  /** Tools of the caller; only for an agent that calls tools. */
  offered?: CallerTools;
  /** What came after the message, the oldest first: messages of the agent with answered calls. */
  steps?: readonly AgentMessage[];
  /**
   * Who asks: `peer:<peer id>` if the transport proved it, `owner` for the person at this machine's terminal,
   * `wallet:<address>` for the client of a job, otherwise `anonymous`. Conversations and notes of one caller are never shown to another.
   */
  caller: string;
  /** Agents that have passed the request on, as the caller says; 0 by default. */
  hops?: number;
  /** Most tokens of the answer; the agent's own limits count as well. */
  maxTokens?: number;
  /** Only for an agent that follows them. */
  wishes?: WritingWishes;
}

/** Use of a model, in its own tokens; null if it has none or does not say. */
export interface AgentUsage {
  inputTokens: number | null;
  outputTokens: number | null;
}

/** What an agent reports while it works. The last event is `completed`, `input-required` or `rejected`. */
export type AgentEvent =
  /** A further part of the answer's text, and the tokens that were written meanwhile, if the wishes ask for them. */
  | { type: 'text'; text: string; tokens?: readonly ScoredToken[] }
  /** A result besides the text: a JSON value. */
  | { type: 'data'; name: string; value: unknown }
  /** A result besides the text: a file. */
  | { type: 'file'; file: AgentAttachment }
  /** The agent calls a tool, or has called it; for the log and for a caller that watches. */
  | { type: 'tool'; name: string; state: 'called' | 'answered' | 'failed'; detail: string }
  /** The caller is to call one of its own tools, which the request offers, and to ask again with the answer. */
  | { type: 'call'; call: ToolCall }
  /** A further part of the arguments of such a call, as JSON text; the whole call follows. Some models report no parts. */
  | { type: 'call-part'; id: string; name: string; text: string }
  /** What the answer's text cites, once it is complete. */
  | { type: 'citations'; citations: readonly Citation[] }
  /** The agent cannot go on without an answer of its caller to this question. */
  | { type: 'input-required'; question: string }
  /** The agent does not do this; nothing was done. */
  | { type: 'rejected'; reason: string }
  /** `length`: the answer is cut at a limit of tokens; by default it is not. */
  | {
      type: 'completed';
      usage: AgentUsage;
      reason?: 'stop' | 'length';
      /** Of a language model on the agent's machine, if its owner gives receipts: what the receipt is made of. */
      transcript?: Transcript;
      /** What callers get of it. */
      receipt?: AnswerReceipt;
    };

/** What an agent's node signs of an answer of a language model. */
export interface AnswerReceipt {
  /** A compact JWS (RFC 7515), signed by the key of the agent's node. */
  jws: string;
  /** Where the transcript that it names can be read for a while, from the agent's base. */
  path: string;
}

/**
 * Does the work of an agent. It knows no transport: A2A, MCP, the OpenAI API and the terminal all call it.
 *
 * A failure is thrown as a ChorusError; its message and hint may be shown to the caller.
 */
export interface AgentExecutor {
  /** Whether its model writes as a request wishes; by default it does not. */
  readonly followsWishes?: boolean;
  /** Whether requests may offer tools of their callers; by default they may not. */
  readonly callsTools?: boolean;
  /**
   * Asked once for a request that is valid and has a place, before `execute`: whether the work may begin. Each protocol
   * asks it before it answers anything. What it throws refuses the request.
   * @param waits the request waits for its turn; otherwise a busy agent refuses it
   */
  admit?(waits: boolean): Promise<void>;
  execute(request: AgentRequest, signal: AbortSignal): AsyncIterable<AgentEvent>;
  /**
   * Writes on from texts as they are, without the agent's instructions. Absent if the agent has no language model on its
   * own machine, or its owner does not offer that. Asked after `admit`, as `execute` is.
   */
  complete?(request: CompletionRequest, signal: AbortSignal): AsyncIterable<CompletionEvent>;
  /** Turns texts into vectors; absent if its model does not do that. Asked after `admit`, as `execute` is. */
  embed?(request: EmbeddingRequest, signal: AbortSignal): AsyncIterable<EmbeddingEvent>;
  /** What `infer` takes and gives; absent with it. */
  readonly tensors?: TensorSignature;
  /** Computes tensors; absent if its model is not one of tensors. Asked after `admit`, as `execute` is. */
  infer?(request: TensorRequest, signal: AbortSignal): AsyncIterable<TensorEvent>;
  close(): Promise<void>;
}
