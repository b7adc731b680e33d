import type { AnswerReceipt, EngineCompletionEvent, ScoredToken } from '@chorus/protocol';
import { finite } from './chat-logprobs.ts';
import { tokenText } from './token-text.ts';

/** `logprobs` of a choice: one entry for each token, in order. */
interface TextLogprobs {
  tokens: string[];
  /** Null for the first token of a text: nothing stands before it. */
  token_logprobs: (number | null)[];
  /** The most likely tokens, and the token itself. */
  top_logprobs: (Record<string, number> | null)[];
  /** Where the token begins in the text, in code points: what a Python client counts. */
  text_offset: number[];
}

/** A further part of a choice of a text completion. */
interface TextPart {
  text: string;
  index: number;
  logprobs: TextLogprobs | null;
  finish_reason: 'stop' | 'length' | null;
  /** A field of Chorus, which other clients ignore. */
  chorus?: { receipt: AnswerReceipt };
}

/** Turns what is reported of one choice into its parts. */
export class TextChoice {
  readonly #index: number;
  readonly #wantsLogprobs: boolean;
  /** Of the prompt, which is shown. */
  readonly #echo = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Of all tokens: where they begin does not depend on what is held back. */
  readonly #all = new TextDecoder('utf-8', { ignoreBOM: true });
  #offset = 0;

  constructor(index: number, wantsLogprobs: boolean) {
    [this.#index, this.#wantsLogprobs] = [index, wantsLogprobs];
  }

  part(event: EngineCompletionEvent, receipt?: AnswerReceipt): TextPart {
    const tokens = event.type === 'finished' ? [] : (event.tokens ?? []);
    return {
      text: this.#textOf(event),
      index: this.#index,
      logprobs: this.#wantsLogprobs ? this.#logprobs(tokens) : null,
      finish_reason: event.type === 'finished' ? event.reason : null,
      ...(receipt && { chorus: { receipt } }),
    };
  }

  #textOf(event: EngineCompletionEvent): string {
    if (event.type === 'prompt') {
      return event.tokens.map(({ bytes }) => this.#echo.decode(bytes, { stream: true })).join('');
    }
    // A prompt of tokens may end within a letter.
    const rest = this.#echo.decode();
    return event.type === 'text' ? rest + event.text : rest;
  }

  #logprobs(tokens: readonly ScoredToken[]): TextLogprobs {
    return {
      tokens: tokens.map(tokenText),
      token_logprobs: tokens.map(({ logprob }) => (logprob === null ? null : finite(logprob))),
      top_logprobs: tokens.map((token) => {
        if (token.logprob === null) return null;
        const own = [tokenText(token), finite(token.logprob)] as const;
        return Object.fromEntries([...token.top.map((each) => [tokenText(each), finite(each.logprob)]), own]);
      }),
      text_offset: tokens.map(({ bytes }) => {
        const offset = this.#offset;
        this.#offset += [...this.#all.decode(bytes, { stream: true })].length;
        return offset;
      }),
    };
  }
}

/** Parts of one choice, one or more, as one. */
export function joined(parts: readonly TextPart[]): TextPart {
  const listed = parts.flatMap(({ logprobs }) => logprobs ?? []);
  const logprobs = {
    tokens: listed.flatMap(({ tokens }) => tokens),
    token_logprobs: listed.flatMap(({ token_logprobs }) => token_logprobs),
    top_logprobs: listed.flatMap(({ top_logprobs }) => top_logprobs),
    text_offset: listed.flatMap(({ text_offset }) => text_offset),
  };
  return {
    ...parts.at(-1)!,
    text: parts.map(({ text }) => text).join(''),
    logprobs: listed.length > 0 ? logprobs : null,
  };
}
