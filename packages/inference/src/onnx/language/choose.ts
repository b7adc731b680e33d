import { ChorusError } from '@chorus/protocol';
import type { TokenSampling } from '../jobs/language-messages.ts';
import { Ranking } from './ranking.ts';

/**
 * The next token, drawn from a model's logits: of the `topK` most likely ones, of those the fewest whose shares make
 * `topP`, and of those the ones with at least `minP` of the largest share. The tokens stand in the order of falling
 * likelihood, equal ones by their ids, and the number says how far to go.
 *
 * @param logits one for each token
 * @param chance a number in [0, 1)
 * @throws ChorusError `E_MODEL_VALUE` if the logits are not numbers
 */
export function chooseToken(
  logits: Float32Array,
  { temperature, topK, topP, minP }: TokenSampling,
  chance: number,
): number {
  const best = likeliest(logits);
  if (temperature === 0 || topK === 1) return best;
  const ranking = new Ranking(logits, logits[best]!, temperature, minP);
  const kept = topK > 0 ? ranking.weight(topK) : ranking.weight();
  // Just below the part, so that tokens which make it exactly are enough.
  const nucleus = topP < 1 ? Math.min(kept, ranking.reach(topP * kept * (1 - 1e-12)).sum) : kept;
  return ranking.reach(chance * nucleus).id;
}

/**
 * The most likely token; of equal ones the first.
 *
 * @throws ChorusError `E_MODEL_VALUE` if the logits are not numbers
 */
export function likeliest(logits: Float32Array): number {
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    // Not a number as soon as one of them is not.
    sum += logit;
    if (logit > most) {
      most = logit;
      best = id;
    }
  }
  if (Number.isFinite(most) && !Number.isNaN(sum)) return best;
  const odd = logits.findIndex((logit) => Number.isNaN(logit) || logit === Number.POSITIVE_INFINITY);
  throw new ChorusError('E_MODEL_VALUE', 'the model answers with a value that is not a finite number', {
    facts: { token: Math.max(odd, 0), value: logits[Math.max(odd, 0)]! },
    hint: 'check its weights; if it was trained, whether the training diverged',
  });
}
