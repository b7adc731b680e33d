import type { Constraint, Tokenizer } from '@chorus/language-models';
import { ChorusError, NAT_PARTS, type Transcript } from '@chorus/protocol';
import type { Findings, LanguageAnswer, TokenSampling } from '../jobs/language-messages.ts';
import { adjustLogits } from './adjust.ts';
import { Answer } from './answer.ts';
import { listed } from './logprobs.ts';
import { MOST_NOISE, neededNoise } from './needed-noise.ts';
import type { Reading } from './reading.ts';
import { uniform } from './uniform.ts';

/** Most distance of one listed token, nats: none decides alone. */
const MOST_DISTANCE = 4;

/**
 * A transcript while it is read: its prompt and its answer in one go (teacher forcing), and each token of the answer is
 * compared with what the model says at its place.
 */
export class Check implements Reading {
  readonly tokens: readonly number[];
  read = 0;
  copied = 0;
  readonly scoresFrom: number;
  readonly #transcript: Transcript;
  readonly #tokenizer: Tokenizer;
  readonly #sampling: TokenSampling;
  readonly #constraint: Constraint | null;
  readonly #seen: { read: Set<number>; written: Map<number, number> };
  #isBroken = false;
  readonly #needed: Float32Array;
  readonly #distance: Float32Array;
  readonly #likeliest: Transcript['likeliest'] = [];
  readonly #emit: (answer: LanguageAnswer) => void;

  /**
   * @param context most tokens
   * @param constraint what the answer says it was held to; null: nothing
   * @throws ChorusError `E_AGENT_CONTEXT` if it is too long for this model; `E_AGENT_TRANSCRIPT` if it has tokens that
   * the model does not know
   */
  constructor(
    transcript: Transcript,
    tokenizer: Tokenizer,
    context: number,
    constraint: Constraint | null,
    emit: (answer: LanguageAnswer) => void,
  ) {
    const { prompt, answer, likeliest, sampling } = transcript;
    const all = [...prompt, ...answer];
    if (all.length > context) {
      throw new ChorusError('E_AGENT_CONTEXT', 'the transcript is too long for the model', {
        facts: { tokens: all.length, context },
        hint: 'open the model with a larger context',
      });
    }
    for (const ids of [all, ...likeliest.map((each) => each.ids)]) {
      const odd = ids.find((id) => id >= tokenizer.size);
      if (odd === undefined) continue;
      throw new ChorusError('E_AGENT_TRANSCRIPT', 'the transcript has a token that the model does not know', {
        facts: { token: odd, vocabulary: tokenizer.size },
        hint: 'it is of another model',
      });
    }
    // What follows the last token was not written.
    this.tokens = all.slice(0, -1);
    this.scoresFrom = prompt.length - 1;
    this.#transcript = transcript;
    this.#tokenizer = tokenizer;
    this.#sampling = { ...sampling, logitBias: new Map(sampling.logitBias) };
    this.#seen = { read: new Set(prompt), written: new Map() };
    this.#needed = new Float32Array(answer.length);
    this.#distance = new Float32Array(answer.length);
    this.#emit = emit;
    this.#constraint = constraint;
  }

  scored(place: number, logits: Float32Array): void {
    const at = place - this.scoresFrom;
    const id = this.#transcript.answer[at]!;
    // Before the sampling changes them.
    const own = listed(logits);
    this.#likeliest.push(own);
    this.#distance[at] = distanceOf(this.#transcript.likeliest[at]!, logits, logits[own.ids.at(-1)!]!);
    adjustLogits(logits, this.#sampling, this.#seen);
    const isKept = this.#keep(logits, id);
    // Places of tokens are counted from 0: as many as stand before the one that was drawn.
    const chance = uniform(this.#sampling.seed, place + 1);
    this.#needed[at] = isKept ? neededNoise(logits, this.#sampling, chance, id) : MOST_NOISE;
    this.#seen.written.set(id, (this.#seen.written.get(id) ?? 0) + 1);
  }

  /** Holds the logits to the schema, as far as the answer itself has kept it. @returns whether the token keeps it */
  #keep(logits: Float32Array, id: number): boolean {
    if (!this.#constraint || this.#isBroken) return !this.#isBroken;
    this.#constraint.apply(logits);
    this.#isBroken = logits[id] === Number.NEGATIVE_INFINITY;
    if (!this.#isBroken) this.#constraint.accept(id);
    return !this.#isBroken;
  }

  progress(): void {
    this.#emit({ kind: 'read', tokens: [] });
  }

  write(logits: Float32Array): boolean {
    this.scored(this.tokens.length - 1, logits);
    const prompt = this.#tokenizer.decode(this.#transcript.prompt);
    const [needed, distance, likeliest] = [this.#needed, this.#distance, this.#likeliest];
    const findings = { needed, distance, likeliest, prompt, ...this.#replay() };
    this.#emit({ kind: 'checked', findings });
    return true;
  }

  /** The text of the answer, and where it ends. */
  #replay(): Pick<Findings, 'text' | 'ended'> {
    const { answer, prompt, most, context } = this.#transcript;
    const shown = new Answer(this.#tokenizer, this.#transcript);
    const bytes: number[] = [];
    const textOf = (stopped: boolean) =>
      new TextDecoder().decode(Uint8Array.from([...bytes, ...shown.rest(stopped).bytes]));
    for (const [at, id] of answer.entries()) {
      const isLast = at === answer.length - 1;
      if (this.#tokenizer.ends.has(id)) return { text: textOf(false), ended: isLast ? 'token' : 'late' };
      const { bytes: more, stopped } = shown.push(id);
      bytes.push(...more);
      if (stopped) return { text: textOf(true), ended: isLast ? 'stop' : 'late' };
    }
    const isFull = answer.length === most || prompt.length + answer.length === context;
    return { text: textOf(false), ended: isFull ? 'limit' : 'early' };
  }
}

/**
 * Mean distance of the listed tokens, in nats, after the mean difference is taken off: logits have no zero. A token that
 * is listed twice, or is further below those that belong there than any noise puts it, counts as far off, whatever is
 * said of it: a seller may know without the model how far some tokens are apart, such as those that no text has.
 *
 * @param last the logit of the least likely token that belongs there
 */
function distanceOf(
  { ids, below }: Transcript['likeliest'][number],
  logits: Float32Array,
  last: number,
): number {
  const differences = ids.map((id, i) => logits[id]! + below[i]! / NAT_PARTS);
  const mean = differences.reduce((sum, each) => sum + each, 0) / ids.length;
  const isOdd = (id: number, i: number) => logits[id]! < last - MOST_NOISE || ids.indexOf(id) !== i;
  const distances = differences.map((each, i) =>
    isOdd(ids[i]!, i) ? MOST_DISTANCE : Math.min(Math.abs(each - mean), MOST_DISTANCE),
  );
  return distances.reduce((sum, each) => sum + each, 0) / ids.length;
}
