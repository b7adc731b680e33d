import type { ChatMessage } from '@chorus/language-models';
import type { ScoredToken } from '@chorus/protocol';

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
}

/** A text to be written. */
export interface LanguageJob {
  kind: 'generate';
  prompt: { messages: ChatMessage[] } | { text: string } | { tokens: number[] };
  sampling: TokenSampling;
  /** Texts that end the answer. */
  stop: readonly string[];
  /** Most tokens to write; 0 reads the prompt alone. */
  most: number;
  /** Most likely tokens to list for each token; null: no probabilities at all. */
  logprobs: number | null;
  /** Report the tokens of the prompt as well. */
  echo: boolean;
}

export type LanguageAnswer =
  /** A part of the prompt was read: a sign of progress. Its tokens, if they are to be reported. */
  | { kind: 'read'; tokens: ScoredToken[] }
  | {
      kind: 'token';
      token: ScoredToken;
      /** Bytes that may be shown now: those of a text that may become a stop text are held back. */
      bytes: Uint8Array;
    }
  | {
      kind: 'generated';
      reason: 'stop' | 'length';
      /** Bytes that were held back. */
      bytes: Uint8Array;
      inputTokens: number;
      /** Of those, tokens that were read before for another text. */
      cachedTokens: number;
      outputTokens: number;
    };
