import type { CallPart, CallRules, ChatMessage } from '@chorus/language-models';
import type { ModelIdentity, ScoredToken, Transcript } from '@chorus/protocol';

/** How the next token is chosen. */
export interface TokenSampling {
  /** 0 always takes the most likely token. */
  temperature: number;
  /** Most tokens to choose from; 0: all. */
  topK: number;
  /** Only the most likely tokens whose shares make this part of 1. */
  topP: number;
  /** Only tokens with at least this part of the largest share. */
  minP: number;
  /** Divides the logits of tokens that were read or written; 1: none. */
  repetitionPenalty: number;
  /** Taken off the logits of tokens that were written. */
  presencePenalty: number;
  /** Taken off for each time that a token was written. */
  frequencyPenalty: number;
  /** Added to the logits of single tokens, by id. */
  logitBias: ReadonlyMap<number, number>;
  /** Whole number from 0 to 2^53 - 1. Equal seeds write equal texts on one machine. */
  seed: number;
}

/** What the process of a language model is started with. */
export interface LanguageSetup {
  task: {
    kind: 'language';
    /** Texts that are written at once. */
    slots: number;
    /** Most tokens of a text; null: as many as the model's own. */
    context: number | null;
    weights: 'int8' | 'float32';
    /** An adapter's GGUF file. */
    adapter: Uint8Array | null;
    /** Memory for beginnings of texts, to be used again, bytes. */
    prefixBytes: number;
    /** A JSON Schema, as JSON, that answers are held to; by default none. It is tried when the model is opened. */
    schema?: string;
  };
  /** The GGUF file, or its path. */
  model: Uint8Array | string;
  threads: number;
}

/** What is found out about a language model when it is opened. */
export interface LanguageOpened {
  kind: 'language';
  /** Most tokens of a text. */
  context: number;
  /** Whether it has a chat template. */
  converses: boolean;
  identity: ModelIdentity;
}

/** A text to be written. */
export interface LanguageJob {
  kind: 'generate';
  prompt: { messages: ChatMessage[] } | { text: string } | { tokens: number[] };
  sampling: TokenSampling;
  /** A JSON Schema, as JSON, that the answer is held to; null: none. */
  schema: string | null;
  /** Tools that the answer may ask to have called; null: none. The template shows them if the prompt has messages. */
  calls: CallRules | null;
  /** Texts that end the answer. */
  stop: readonly string[];
  /** Most tokens to write; 0 reads the prompt alone. */
  most: number;
  /** Most likely tokens to list for each token; null: no probabilities at all. */
  logprobs: number | null;
  /** Report the tokens of the prompt as well. */
  echo: boolean;
  /** Say in the end what was read and written. */
  transcript: boolean;
}

/** A transcript to be compared with what the model computes. */
export interface CheckJob {
  kind: 'check';
  transcript: Transcript;
}

/** What of a transcript only the model's process knows. */
export type Written = Pick<Transcript, 'prompt' | 'answer' | 'likeliest'>;

/** What the model says to a transcript. */
export interface Findings {
  /** For each token of the answer how far the logits would have to be off for it to be drawn, in nats. */
  needed: Float32Array;
  /**
   * For each token of the answer how far the listed tokens are from what the transcript says of them, in nats: the mean
   * of their distances, after the mean difference is taken off.
   */
  distance: Float32Array;
  /** What this run says in place of the transcript's list. */
  likeliest: Transcript['likeliest'];
  /** The text of the prompt, without control tokens. */
  prompt: string;
  /** The text that the answer's tokens make, without the stop text that ended it. */
  text: string;
  /**
   * How the answer ends: with a token that ends answers, a stop text, at its limit of tokens, `early` without any of
   * these, or `late`: tokens follow after its end.
   */
  ended: 'token' | 'stop' | 'limit' | 'early' | 'late';
}

export type LanguageAnswer =
  /** A part of the prompt was read: a sign of progress. Its tokens, if they are to be reported. */
  | { kind: 'read'; tokens: ScoredToken[] }
  | {
      kind: 'token';
      token: ScoredToken;
      /** Bytes that may be shown now: those of a text that may become a stop text, or a call, are held back. */
      bytes: Uint8Array;
      /** What came of calls meanwhile; after the bytes. */
      calls: CallPart[];
    }
  | {
      kind: 'generated';
      reason: 'stop' | 'length';
      /** Bytes that were held back. */
      bytes: Uint8Array;
      calls: CallPart[];
      inputTokens: number;
      /** Of those, tokens that were read before for another text. */
      cachedTokens: number;
      outputTokens: number;
      /** Null if it was not asked for. */
      written: Written | null;
    }
  | { kind: 'checked'; findings: Findings };
