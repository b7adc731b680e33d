import type { RankedToken } from '../jobs/language-messages.ts';

/**
 * The logarithms of a token's probability and of the most likely ones, as the model gives them: before temperature,
 * penalties and limits.
 *
 * @param count most likely tokens to list; may be 0
 */
export function logprobsOf(
  logits: Float32Array,
  chosen: number,
  count: number,
): { logprob: number; top: RankedToken[] } {
  let most = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) if (logits[id]! > most) most = logits[id]!;
  let sum = 0;
  for (let id = 0; id < logits.length; id++) sum += Math.exp(logits[id]! - most);
  const whole = most + Math.log(sum);
  const top: RankedToken[] = [];
  for (let id = 0; count > 0 && id < logits.length; id++) {
    const logprob = logits[id]! - whole;
    if (top.length === count && logprob <= top.at(-1)!.logprob) continue;
    const at = top.findIndex((each) => each.logprob < logprob);
    top.splice(at < 0 ? top.length : at, 0, { id, logprob });
    if (top.length > count) top.pop();
  }
  return { logprob: logits[chosen]! - whole, top };
}
