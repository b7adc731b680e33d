import type { Tokenizer } from '@chorus/language-models';
import { ChorusError } from '@chorus/protocol';
import { StopMatcher } from '../compute/stop-matcher.ts';
import type { LanguageAnswer, LanguageJob } from '../jobs/language-messages.ts';
import { adjustLogits } from './adjust.ts';
import { chooseToken } from './choose.ts';
import { logprobsOf } from './logprobs.ts';
import { uniform } from './uniform.ts';

/** One text while it is read and written: what follows from its own tokens alone. */
export class Text {
  /** What was read, and then what was written. */
  readonly tokens: number[];
  /** Tokens whose keys and values are in the slot. */
  read = 0;
  /** Tokens of the prompt that were copied from another text. */
  copied = 0;
  readonly prompt: number;
  readonly #job: LanguageJob;
  readonly #tokenizer: Tokenizer;
  readonly #context: number;
  readonly #matcher: StopMatcher;
  readonly #seen: { read: Set<number>; written: Map<number, number> };
  readonly #emit: (answer: LanguageAnswer) => void;

  /**
   * @param context most tokens
   * @throws ChorusError `E_AGENT_CONTEXT` if the prompt leaves no room for an answer; `E_AGENT_INPUT` if it is empty, has
   * tokens that the model does not know, or the model's template refuses it
   */
  constructor(
    job: LanguageJob,
    tokenizer: Tokenizer,
    context: number,
    emit: (answer: LanguageAnswer) => void,
  ) {
    this.#job = job;
    this.#tokenizer = tokenizer;
    this.#context = context;
    this.#emit = emit;
    this.#matcher = new StopMatcher(job.stop);
    this.tokens = promptTokens(job, tokenizer, context);
    this.prompt = this.tokens.length;
    this.#seen = { read: new Set(this.tokens), written: new Map() };
  }

  /** Says that a part of the prompt was read. */
  progress(): void {
    this.#emit({ kind: 'read' });
  }

  /**
   * Adds the next token.
   *
   * @param logits scores of all tokens; they are changed
   * @returns whether the text is complete
   */
  write(logits: Float32Array): boolean {
    const { sampling, most, logprobs } = this.#job;
    // Probabilities are the model's own; what a request changes comes after.
    const raw = logprobs === null ? logits : logits.slice();
    adjustLogits(logits, sampling, this.#seen);
    const id = chooseToken(logits, sampling, uniform(sampling.seed, this.tokens.length));
    const { logprob, top } = logprobs === null ? NO_PROBABILITIES : logprobsOf(raw, id, logprobs);
    this.tokens.push(id);
    this.#seen.written.set(id, (this.#seen.written.get(id) ?? 0) + 1);
    const ends = this.#tokenizer.ends.has(id);
    const { shown, stopped } = ends ? { shown: [], stopped: false } : this.#pass(this.#tokenizer.bytes(id));
    this.#emit({
      kind: 'token',
      id,
      bytes: Uint8Array.from(shown),
      logprob,
      top: top.map((each) => ({ ...each, bytes: this.#tokenizer.bytes(each.id) })),
    });
    const written = this.tokens.length - this.prompt;
    const complete = ends || stopped;
    if (!complete && written < most && this.tokens.length < this.#context) return false;
    this.#emit({
      kind: 'generated',
      reason: complete ? 'stop' : 'length',
      bytes: Uint8Array.from(stopped ? [] : this.#matcher.rest()),
      inputTokens: this.prompt,
      cachedTokens: this.copied,
      outputTokens: written,
    });
    return true;
  }

  #pass(bytes: Uint8Array): { shown: number[]; stopped: boolean } {
    const shown: number[] = [];
    for (const byte of bytes) {
      const { bytes: free, stopped } = this.#matcher.push(byte);
      shown.push(...free);
      if (stopped) return { shown, stopped };
    }
    return { shown, stopped: false };
  }
}

const NO_PROBABILITIES = { logprob: null, top: [] };

function promptTokens({ prompt }: LanguageJob, tokenizer: Tokenizer, context: number): number[] {
  // Each letter has a byte or more: what is longer than that is not worth counting.
  const letters = lettersOf(prompt);
  if (letters > context * tokenizer.longest) throw tooLong({ letters, context });
  const tokens =
    'tokens' in prompt
      ? [...prompt.tokens]
      : 'text' in prompt
        ? tokenizer.encode(prompt.text)
        : tokenizer.encodeChat(prompt.messages, { addGenerationPrompt: true });
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
  return prompt.messages.reduce((sum, { content }) => sum + content.length, 0);
}

function tooLong(facts: Record<string, number>): ChorusError {
  return new ChorusError('E_AGENT_CONTEXT', 'the conversation is too long for the model', {
    facts,
    hint: 'send less, or use a model with a larger context',
  });
}
