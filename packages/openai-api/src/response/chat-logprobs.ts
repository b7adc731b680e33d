import type { RankedToken, ScoredToken } from '@chorus/protocol';
import { tokenText } from './token-text.ts';

/** The tokens of an answer as `logprobs` of a chat completion; the one that ends it is no part of it. Null without tokens. */
export function chatLogprobs(tokens: readonly ScoredToken[]): object | null {
  const content = tokens
    .filter(({ name }) => name === null)
    .map((token) => ({
      ...entry({ ...token, logprob: token.logprob! }),
      top_logprobs: token.top.map(entry),
    }));
  return content.length === 0 ? null : { content, refusal: null };
}

const entry = (token: RankedToken) => ({
  token: tokenText(token),
  logprob: finite(token.logprob),
  bytes: token.name === null ? [...token.bytes] : null,
});

/** JSON has no infinity: of a token that cannot come, the API has this number. */
export const finite = (logprob: number): number => (Number.isFinite(logprob) ? logprob : -9999);
