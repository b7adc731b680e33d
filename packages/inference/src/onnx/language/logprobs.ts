import type { Tokenizer } from '@chorus/language-models';
import {
  LISTED_TOKENS,
  NAT_PARTS,
  type RankedToken,
  type ScoredToken,
  type Transcript,
} from '@chorus/protocol';

/** The logarithm of the sum of e^logit: what is taken off a logit to get the logarithm of its token's probability. */
export function logSum(logits: Float32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) if (logits[id]! > most) most = logits[id]!;
  let sum = 0;
  for (let id = 0; id < logits.length; id++) sum += Math.exp(logits[id]! - most);
  return most + Math.log(sum);
}

/** Ids of the most likely tokens, the most likely first; of equal ones the first by id. */
export function likeliestIds(logits: Float32Array, count: number): number[] {
  const ids: number[] = [];
  let least = Number.NEGATIVE_INFINITY;
  for (let id = 0; count > 0 && id < logits.length; id++) {
    const logit = logits[id]!;
    if (!(logit > least) && ids.length === count) continue;
    const at = ids.findIndex((each) => logits[each]! < logit);
    ids.splice(at < 0 ? ids.length : at, 0, id);
    if (ids.length > count) ids.pop();
    least = logits[ids.at(-1)!]!;
  }
  return ids;
}

/** The likeliest tokens as a transcript has them. */
export function listed(logits: Float32Array): Transcript['likeliest'][number] {
  const ids = likeliestIds(logits, LISTED_TOKENS);
  const below = ids.map((id) =>
    Math.min(Math.round((logits[ids[0]!]! - logits[id]!) * NAT_PARTS), MOST_BELOW),
  );
  return { ids, below };
}

/** Of tokens that cannot come. */
const MOST_BELOW = 2 ** 31;

/**
 * A token with its probability and the most likely tokens at its place, as the model gives them: before temperature,
 * penalties and limits.
 *
 * @param logits null: no probabilities
 * @param count most likely tokens to list; may be 0
 */
export function scoredToken(
  tokenizer: Pick<Tokenizer, 'bytes' | 'controlName'>,
  id: number,
  logits: Float32Array | null,
  count: number,
): ScoredToken {
  const token = (each: number) => ({
    id: each,
    bytes: tokenizer.bytes(each),
    name: tokenizer.controlName(each),
  });
  if (logits === null) return { ...token(id), logprob: null, top: [] };
  const whole = logSum(logits);
  const ranked = (each: number): RankedToken => ({ ...token(each), logprob: logits[each]! - whole });
  return { ...ranked(id), top: likeliestIds(logits, count).map(ranked) };
}
