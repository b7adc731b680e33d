import type { CallPart, CallRules, ChatMessage } from '@chorus/language-models';
import type { ScoredToken, Transcript } from '@chorus/protocol';
import type { TokenSampling } from './jobs/language-messages.ts';
import type { HostLimits } from './process/model-host.ts';

/** Settings of a language model. */
export interface LanguageModelOptions {
  /** The GGUF file, or its path. */
  model: string | Uint8Array;
  /** Its name, for a card and for messages. */
  name: string;
  /** An adapter's GGUF file, folded into the model when it is opened. */
  adapter?: Uint8Array;
  /** Texts that are written at once. Default 4. */
  slots?: number;
  /** Requests that may wait for a slot. Default 64. */
  queue?: number;
  /**
   * Most tokens of a text, prompt and answer. Default: the model's own context, but at most 32,768, and no more than 4 GiB
   * of keys and values allow for all slots.
   */
  context?: number;
  /** `int8`, the default, is faster and a third of the memory; `float32` is exact. */
  weights?: 'int8' | 'float32';
  /** How answers are sampled if a request does not say otherwise. */
  sampling?: Partial<TokenSampling>;
  /** Texts that end an answer if a request does not say otherwise. */
  stop?: readonly string[];
  /** A JSON Schema, as JSON, that answers to conversations are held to if a request brings none. Default: none. */
  schema?: string;
  /**
   * Memory for beginnings of texts that are used again, bytes. Default 256 MiB. Callers can find out by time whether
   * another one has sent the same beginning; 0 prevents that.
   */
  prefixBytes?: number;
  /** Threads of one operator. Default 1: the streams share it best. */
  threads?: number;
  limits?: Partial<HostLimits>;
  signal?: AbortSignal;
}

/** What a text is made from. */
export interface GenerationRequest {
  /** A conversation in the model's chat template, a text to continue, or tokens. */
  prompt: { messages: ChatMessage[] } | { text: string } | { tokens: number[] };
  /** Most tokens to write; 0 reads the prompt alone. */
  maxTokens: number;
  sampling?: Partial<TokenSampling>;
  stop?: readonly string[];
  /** A JSON Schema, as JSON: the text is a value that it describes, as long as it is not cut. Default: none. */
  schema?: string;
  /** Tools that the answer may ask to have called: it is held to the form in which the model writes calls. Default: none. */
  calls?: CallRules;
  /** List the probability of each token, and of this number of the most likely ones (0 to 20). */
  logprobs?: number;
  /** Report the tokens of the prompt as well, with their probabilities if `logprobs` asks for them. Default: false. */
  echo?: boolean;
  /** Say in the end what was read and written. Default: false. */
  transcript?: boolean;
}

/** Tokens of the prompt that were read, in order. */
export interface PromptTokens {
  type: 'prompt';
  tokens: readonly ScoredToken[];
  text: '';
}

/** A token that was written. */
export interface GeneratedToken extends ScoredToken {
  type: 'token';
  /** Text that can be shown since the event before; letters and stop texts are held back until they are whole. */
  text: string;
  /** What came of calls meanwhile. */
  calls: readonly CallPart[];
}

/** What comes of a request; the last event is the end. */
export type GenerationEvent = PromptTokens | GeneratedToken | GenerationEnd;

/** The end of a text. */
export interface GenerationEnd {
  type: 'finished';
  /** `stop`: the model ended it, or a stop text came; `length`: at the limit of tokens or of the context. */
  reason: 'stop' | 'length';
  /** Text that was held back. */
  text: string;
  calls: readonly CallPart[];
  inputTokens: number;
  /** Of those, tokens that had been read before for another text. */
  cachedTokens: number;
  outputTokens: number;
  /** If it was asked for, and something was written. */
  transcript?: Transcript;
}
