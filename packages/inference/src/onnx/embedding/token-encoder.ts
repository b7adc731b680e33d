import { ChorusError, type TextPrompt } from '@chorus/protocol';
import { Tokenizer } from '@huggingface/tokenizers';
import { unsupported } from '../compute/faults.ts';
import type { EmbeddingSetup } from '../jobs/messages.ts';

/** Letters of a text for each token that it may have: longer words are unknown to the tokenizers of such models. */
const LETTERS_PER_TOKEN = 100;

/** Turns texts into the tokens of a model, within its limit. */
export class TokenEncoder {
  readonly #encode: (text: string) => number[];
  readonly #task: EmbeddingSetup['task'];

  /** @throws ChorusError `E_MODEL_UNSUPPORTED` if the tokenizer cannot be read */
  constructor(task: EmbeddingSetup['task']) {
    this.#task = task;
    try {
      const tokenizer = new Tokenizer(JSON.parse(task.tokenizer), {});
      // The types of the library do not resolve for NodeNext.
      this.#encode = (text) => (tokenizer.encode(text, {}) as { ids: number[] }).ids;
      this.#encode('a');
    } catch (cause) {
      throw unsupported(
        'the tokenizer of the model cannot be read',
        {},
        'name the tokenizer.json of the model, as Hugging Face has it',
        cause,
      );
    }
  }

  /**
   * @throws ChorusError `E_AGENT_INPUT` if there is nothing to read, or a token is not possible; `E_AGENT_CONTEXT` if it
   * is too long and is not to be cut
   */
  encode(input: TextPrompt): number[] {
    const { most, truncate } = this.#task;
    if ('tokens' in input) {
      const odd = input.tokens.find((id) => !(Number.isInteger(id) && id >= 0 && id < 2 ** 31));
      if (odd !== undefined || input.tokens.length === 0) throw nothing();
      if (input.tokens.length <= most) return [...input.tokens];
      if (!truncate) throw tooLong(input.tokens.length, most);
      return input.tokens.slice(0, most);
    }
    const text = input.text.toWellFormed();
    const letters = most * LETTERS_PER_TOKEN;
    if (text.length > letters && !truncate) throw tooLong(Math.ceil(text.length / LETTERS_PER_TOKEN), most);
    const ids = this.#encode(text.slice(0, letters));
    if (ids.length === 0) throw nothing();
    if (ids.length <= most) return ids;
    if (!truncate) throw tooLong(ids.length, most);
    // The last token ends a text.
    return [...ids.slice(0, most - 1), ids.at(-1)!];
  }
}

const tooLong = (tokens: number, limit: number) =>
  new ChorusError('E_AGENT_CONTEXT', 'a text is too long for the model', {
    facts: { tokens, limit },
    hint: 'divide it',
  });

const nothing = () =>
  new ChorusError('E_AGENT_INPUT', 'a text is empty, or has a token that is not possible', {
    hint: 'send a text',
  });
