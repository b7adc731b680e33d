import type { TokenSampling } from '../jobs/language-messages.ts';

/** What was read and written, for penalties. */
export interface Seen {
  /** Tokens of the prompt. */
  readonly read: ReadonlySet<number>;
  /** How often each token was written. */
  readonly written: ReadonlyMap<number, number>;
}

/**
 * Changes logits as a request asks for, in place: first what is added to single tokens, then penalties. Repetition
 * divides the logit of a token that was read or written, or multiplies a negative one (Keskar et al. 2019,
 * arXiv:1909.05858); presence and frequency are taken off a token that was written, once and for each time (the OpenAI
 * API).
 */
export function adjustLogits(logits: Float32Array, sampling: TokenSampling, { read, written }: Seen): void {
  for (const [id, bias] of sampling.logitBias) if (id < logits.length) logits[id]! += bias;
  const { repetitionPenalty, presencePenalty, frequencyPenalty } = sampling;
  if (repetitionPenalty !== 1) {
    const repeat = (id: number): void => {
      logits[id]! *= logits[id]! > 0 ? 1 / repetitionPenalty : repetitionPenalty;
    };
    for (const id of read) repeat(id);
    for (const id of written.keys()) if (!read.has(id)) repeat(id);
  }
  if (presencePenalty === 0 && frequencyPenalty === 0) return;
  for (const [id, times] of written) logits[id]! -= presencePenalty + frequencyPenalty * times;
}
