import type { TokenSampling } from '../jobs/language-messages.ts';
import { chooseToken, likeliest } from './choose.ts';
import { likeliestIds } from './logprobs.ts';
import { Ranking } from './ranking.ts';

/** What is found at most, in nats: no two runs of one model are that far apart. */
export const MOST_NOISE = 8;
/** Found to a part of this. */
const PRECISION = 1.08;
/** Less counts as zero. */
const LEAST = 1 / 512;

/**
 * How far each logit would have to be off, in nats, for a token to be the one that is drawn: 0 if it is drawn from these
 * logits as they are. Two honest runs of one model differ by rounding, so a token that was drawn in one of them needs no
 * more noise in the other than they differ by; one of another model, another text or another random number needs more.
 *
 * It never says more than is needed, so an honest token is never blamed for more than its noise; it may say less, because
 * it lets each token and the bounds of `topK`, `topP` and `minP` move to where they suit best.
 *
 * @param logits one for each token, after `adjustLogits`
 * @param chance the number in [0, 1) by which the token was drawn
 * @returns from 0 to {@link MOST_NOISE}
 * @throws ChorusError `E_MODEL_VALUE` if the logits are not numbers
 */
export function neededNoise(
  logits: Float32Array,
  sampling: TokenSampling,
  chance: number,
  token: number,
): number {
  const best = likeliest(logits);
  if (sampling.temperature === 0 || sampling.topK === 1) {
    // One goes up, the other down.
    return Math.min((logits[best]! - logits[token]!) / 2, MOST_NOISE);
  }
  if (chooseToken(logits, sampling, chance) === token) return 0;
  const draw = new Draw(logits, logits[best]!, sampling, chance, token);
  if (draw.isPossible(LEAST)) return 0;
  if (!draw.isPossible(MOST_NOISE)) return MOST_NOISE;
  let [low, high] = [LEAST, MOST_NOISE];
  while (high / low > PRECISION) {
    const middle = Math.sqrt(low * high);
    if (draw.isPossible(middle)) high = middle;
    else low = middle;
  }
  return low;
}

/** Logits that are further below the largest one, at a temperature of 1 or less, are counted together: they may stand anywhere. */
const DEEPEST = 21;
/** Parts of a nat into which the others are counted. */
const PER_NAT = 256;

/** One draw, and by how much noise it may have been another one. Places are given by their depth below the largest logit. */
class Draw {
  /** Weight of the tokens that are less deep than each part. */
  readonly #above: Float64Array;
  readonly #sampling: TokenSampling;
  readonly #chance: number;
  readonly #own: number;
  /** Tokens below it are cut off by `topK` or `minP`. */
  readonly #bound: number;
  /** Weight of those that are too deep to be counted, at most. */
  readonly #deeper: number;
  readonly #ranking: Ranking;

  constructor(logits: Float32Array, most: number, sampling: TokenSampling, chance: number, token: number) {
    const { temperature, topK, minP } = sampling;
    const deepest = DEEPEST * Math.max(temperature, 1);
    const above = new Float64Array(Math.ceil(deepest * PER_NAT) + 1);
    let counted = 0;
    for (let id = 0; id < logits.length; id++) {
      const depth = most - logits[id]!;
      // Also false for -Infinity.
      if (!(depth < deepest)) continue;
      counted++;
      const part = Math.floor(depth * PER_NAT) + 1;
      above[part] = above[part]! + Math.exp(-depth / temperature);
    }
    for (let part = 1; part < above.length; part++) above[part] = above[part]! + above[part - 1]!;
    this.#above = above;
    this.#deeper = (logits.length - counted) * Math.exp(-deepest / temperature);
    this.#sampling = sampling;
    [this.#chance, this.#own] = [chance, most - logits[token]!];
    const last =
      topK > 0 && topK < logits.length ? most - logits[likeliestIds(logits, topK).at(-1)!]! : Infinity;
    this.#bound = Math.min(minP > 0 ? -Math.log(minP) * temperature : Infinity, last);
    this.#ranking = new Ranking(logits, most, temperature, minP);
  }

  /** Whether the token is drawn from some logits that are nowhere further off than this. */
  isPossible(noise: number): boolean {
    const { temperature, topK, topP } = this.#sampling;
    const factor = Math.exp(noise / temperature) ** 2;
    // A token that is this far away may be on either side.
    const apart = 2 * noise;
    if (this.#own > this.#bound + apart) return false;
    const ahead = this.#weightAbove(this.#own - apart, Math.floor);
    const notBehind = this.#weightAbove(this.#own + apart, Math.ceil);
    const all = this.#weightAbove(this.#bound + apart, Math.ceil) + this.#deeper;
    const behind = Math.max(0, this.#weightAbove(this.#bound - apart, Math.floor) - notBehind);
    /** Where the token's part of the whole begins at least, and ends at most. */
    const begins = ahead / (ahead + factor * Math.max(0, all - ahead));
    const ends = 1 - behind / (behind + factor * (notBehind + this.#deeper));
    if (topP >= 1) return this.#chance < ends && this.#chance >= begins;
    const kept = topK > 0 ? this.#ranking.weight(topK) : this.#ranking.weight();
    const widest = Math.min(kept, this.#ranking.reach(topP * factor * kept).sum) / kept;
    return (
      begins < topP && this.#chance * topP < ends && this.#chance * Math.min(1, widest * factor) >= begins
    );
  }

  /** @param round to the border of a part: down for those that are surely above, up for those that may be */
  #weightAbove(depth: number, round: (part: number) => number): number {
    const part = round(depth * PER_NAT);
    return part < 0 ? 0 : this.#above[Math.min(part, this.#above.length - 1)]!;
  }
}
