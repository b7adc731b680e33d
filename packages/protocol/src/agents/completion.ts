import type { AgentUsage, AnswerReceipt } from './executor.ts';
import type { Transcript } from './transcript.ts';

/** A token of a language model. */
export interface ModelToken {
  id: number;
  /** What it stands for: perhaps a part of a letter; nothing for a control token. */
  bytes: Uint8Array;
  /** Name of a control token; null for others. */
  name: string | null;
}

/** A token, and the natural logarithm of its probability by the model itself: before temperature and penalties. */
export interface RankedToken extends ModelToken {
  logprob: number;
}

/** A token that a model read or wrote. */
export interface ScoredToken extends ModelToken {
  /** Null for the first token of a text, and if it was not asked for. */
  logprob: number | null;
  /** The most likely tokens at its place, the most likely first; as many as were asked for. */
  top: readonly RankedToken[];
}

/** How a caller wants a text to be written, as far as the model's owner leaves it open. */
export interface WritingWishes {
  /** 0 always takes the most probable token. */
  temperature?: number;
  /** Only the most probable tokens whose probabilities add up to this. */
  topP?: number;
  /** Equal seeds write equal texts on one machine. */
  seed?: number;
  /** Texts that end the answer, in addition to the owner's. */
  stop?: readonly string[];
  /** Taken off the logits of tokens that were written, once and for each time. */
  presencePenalty?: number;
  frequencyPenalty?: number;
  /** A JSON Schema, as JSON: the answer is a value that it describes, as long as it is not cut. */
  schema?: string;
  /** Report each token with this number of the most likely ones, 0 to 20; by default no tokens are reported. */
  logprobs?: number;
}

/** A text that a model is to write on from, as it is: without instructions, and without a template. */
export type TextPrompt = { text: string } | { tokens: readonly number[] };

/** What a language model is to write on from. */
export interface EngineCompletion {
  prompt: TextPrompt;
  /** Most tokens to write; 0 reads the prompt alone. */
  maxTokens: number;
  /** Report the tokens of the prompt too; with their probabilities if the wishes ask for them. */
  echo: boolean;
  wishes: WritingWishes;
  /** As of an `EngineRequest`. */
  transcript?: boolean;
}

export type EngineCompletionEvent =
  /** Tokens of the prompt, in order, perhaps in several parts; only with `echo`. */
  | { type: 'prompt'; tokens: readonly ScoredToken[] }
  /** A further part of the text, and the tokens that were written meanwhile, if they were asked for. */
  | { type: 'text'; text: string; tokens?: readonly ScoredToken[] }
  | { type: 'finished'; reason: 'stop' | 'length'; usage: AgentUsage; transcript?: Transcript };

/** What a caller wants a language model to write on from. */
export interface CompletionRequest extends Omit<EngineCompletion, 'prompt' | 'transcript'> {
  /** Each is one choice, in this order. */
  prompts: readonly TextPrompt[];
  /** As of an `AgentRequest`. */
  caller: string;
}

/** Texts, or the ids of their tokens, to be turned into vectors. */
export interface EmbeddingRequest {
  inputs: readonly TextPrompt[];
  /** As of an `AgentRequest`. */
  caller: string;
}

/** What an agent reports while it turns texts into vectors. The last event is `completed`. */
export type EmbeddingEvent =
  /** The vectors of the next texts, in order. */
  { type: 'vectors'; vectors: readonly Float32Array[] } | { type: 'completed'; usage: AgentUsage };

/** What an agent reports while it writes on from texts. The last event is `completed`. */
export type CompletionEvent =
  /** With the `receipt` of a choice that is finished, if the agent gives receipts. */
  | { type: 'choice'; choice: number; event: EngineCompletionEvent; receipt?: AnswerReceipt }
  /** Of all choices together. */
  | { type: 'completed'; usage: AgentUsage };
