import type { Tokenizer } from '@chorus/language-models';
import type { RankedToken, ScoredToken } from '@chorus/protocol';

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
  for (let id = 0; count > 0 && id < logits.length; id++) {
    const logit = logits[id]!;
    if (ids.length === count && !(logit > logits[ids.at(-1)!]!)) continue;
    const at = ids.findIndex((each) => logits[each]! < logit);
    ids.splice(at < 0 ? ids.length : at, 0, id);
    if (ids.length > count) ids.pop();
  }
  return ids;
}

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
