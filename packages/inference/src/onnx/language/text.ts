import type { Constraint, Tokenizer } from '@chorus/language-models';
import { ChorusError, type ScoredToken } from '@chorus/protocol';
import type { LanguageAnswer, LanguageJob, Written } from '../jobs/language-messages.ts';
import { adjustLogits } from './adjust.ts';
import { Answer } from './answer.ts';
import { chooseToken } from './choose.ts';
import { listed, scoredToken } from './logprobs.ts';
import type { Reading } from './reading.ts';
import { uniform } from './uniform.ts';

/** One text while it is read and written: what follows from its own tokens alone. */
export class Text implements Reading {
  readonly tokens: number[];
  read = 0;
  copied = 0;
  readonly scoresFrom: number;
  readonly prompt: number;
  /** Tokens of the prompt that were reported. */
  #told = 0;
  /** Those with probabilities, by place. */
  readonly #scored = new Map<number, ScoredToken>();
  readonly #job: LanguageJob;
  readonly #tokenizer: Tokenizer;
  readonly #context: number;
  readonly #answer: Answer;
  readonly #constraint: Constraint | null;
  readonly #seen: { read: Set<number>; written: Map<number, number> };
  /** For the transcript. */
  readonly #likeliest: Written['likeliest'] = [];
  readonly #emit: (answer: LanguageAnswer) => void;

  /**
   * @param context most tokens
   * @param constraint what the answer is held to; null: nothing
   * @throws ChorusError `E_AGENT_CONTEXT` if the prompt leaves no room for an answer; `E_AGENT_INPUT` if it is empty, has
   * tokens that the model does not know, or the model's template refuses it
   */
  constructor(
    job: LanguageJob,
    tokenizer: Tokenizer,
    context: number,
    constraint: Constraint | null,
    emit: (answer: LanguageAnswer) => void,
  ) {
    this.#job = job;
    this.#tokenizer = tokenizer;
    this.#context = context;
    this.#emit = emit;
    this.#constraint = constraint;
    this.#answer = new Answer(tokenizer, job);
    this.tokens = promptTokens(job, tokenizer, context);
    this.prompt = this.tokens.length;
    this.scoresFrom = job.echo && job.logprobs !== null ? 0 : this.prompt - 1;
    this.#seen = { read: new Set(this.tokens), written: new Map() };
  }

  scored(place: number, logits: Float32Array): void {
    const { echo, logprobs } = this.#job;
    if (!echo || logprobs === null) return;
    this.#scored.set(place + 1, scoredToken(this.#tokenizer, this.tokens[place + 1]!, logits, logprobs));
  }

  progress(): void {
    const tokens: ScoredToken[] = [];
    // The token after those that were read has its probability already.
    const known = Math.min(this.read + 1, this.prompt);
    for (; this.#job.echo && this.#told < known; this.#told++) {
      const found = this.#scored.get(this.#told);
      this.#scored.delete(this.#told);
      tokens.push(found ?? scoredToken(this.#tokenizer, this.tokens[this.#told]!, null, 0));
    }
    this.#emit({ kind: 'read', tokens });
  }

  write(logits: Float32Array): boolean {
    const { sampling, most, logprobs, transcript } = this.#job;
    if (most === 0) return this.#end('length', false);
    if (transcript) this.#likeliest.push(listed(logits));
    // Probabilities are the model's own; what a request changes comes after.
    const raw = logprobs === null ? logits : logits.slice();
    adjustLogits(logits, sampling, this.#seen);
    this.#constraint?.apply(logits);
    const id = chooseToken(logits, sampling, uniform(sampling.seed, this.tokens.length));
    const token = scoredToken(this.#tokenizer, id, logprobs === null ? null : raw, logprobs ?? 0);
    this.tokens.push(id);
    this.#constraint?.accept(id);
    this.#seen.written.set(id, (this.#seen.written.get(id) ?? 0) + 1);
    const ends = this.#tokenizer.ends.has(id);
    const { bytes, calls, stopped } = ends ? NOTHING : this.#answer.push(id);
    this.#emit({ kind: 'token', token, bytes: Uint8Array.from(bytes), calls });
    const complete = ends || stopped;
    const written = this.tokens.length - this.prompt;
    if (!complete && written < most && this.tokens.length < this.#context) return false;
    return this.#end(complete ? 'stop' : 'length', stopped);
  }

  #end(reason: 'stop' | 'length', stopped: boolean): true {
    const { bytes, calls } = this.#answer.rest(stopped);
    this.#emit({
      kind: 'generated',
      reason,
      bytes: Uint8Array.from(bytes),
      calls,
      inputTokens: this.prompt,
      cachedTokens: this.copied,
      outputTokens: this.tokens.length - this.prompt,
      written:
        this.#job.transcript && this.tokens.length > this.prompt
          ? {
              prompt: this.tokens.slice(0, this.prompt),
              answer: this.tokens.slice(this.prompt),
              likeliest: this.#likeliest,
            }
          : null,
    });
    return true;
  }
}

/** What a token that ends an answer shows. */
const NOTHING = { bytes: [], calls: [], stopped: false };

function promptTokens({ prompt, calls }: LanguageJob, tokenizer: Tokenizer, context: number): number[] {
  // Each letter has a byte or more: what is longer than that is not worth counting.
  const letters = lettersOf(prompt) + (calls ? JSON.stringify(calls.tools).length : 0);
  if (letters > context * tokenizer.longest) throw tooLong({ letters, context });
  const tokens =
    'tokens' in prompt
      ? [...prompt.tokens]
      : 'text' in prompt
        ? tokenizer.encodePrompt(prompt.text)
        : tokenizer.encodeChat(prompt.messages, { addGenerationPrompt: true, tools: calls?.tools ?? [] });
  const odd = tokens.find((id) => !(Number.isInteger(id) && id >= 0 && id < tokenizer.size));
  if (odd !== undefined || tokens.length === 0) {
    throw new ChorusError(
      'E_AGENT_INPUT',
      'the prompt is empty, or has a token that the model does not know',
      {
        facts: { token: odd, vocabulary: tokenizer.size },
        hint: 'send a text',
      },
    );
  }
  if (tokens.length >= context) throw tooLong({ tokens: tokens.length, context });
  return tokens;
}

function lettersOf(prompt: LanguageJob['prompt']): number {
  if ('tokens' in prompt) return 0;
  if ('text' in prompt) return prompt.text.length;
  return prompt.messages.reduce(
    (sum, { content, calls = [] }) =>
      sum + content.length + calls.reduce((more, { output }) => more + output.length, 0),
    0,
  );
}

function tooLong(facts: Record<string, number>): ChorusError {
  return new ChorusError('E_AGENT_CONTEXT', 'the conversation is too long for the model', {
    facts,
    hint: 'send less, or use a model with a larger context',
  });
}
