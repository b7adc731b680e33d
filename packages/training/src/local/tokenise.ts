import {
  type ChatMessage,
  createTokenizer,
  isGguf,
  openDecoder,
  type Tokenizer,
} from '@chorus/language-models';
import { ChorusError } from '@chorus/protocol';
import { NO_LABEL } from '../data/dataset.ts';
import { eachNext, type LabelledTokens } from '../data/token-windows.ts';

/** Characters tokenised at once; texts are divided at ends of lines, if these are not too far. */
const PIECE_LENGTH = 2 ** 14;

/**
 * The tokens of a text in their order, some 30,000 a second, and what is to be predicted after each: the next one, or of
 * conversations only the answers.
 *
 * @param model bytes of a GGUF file
 * @param text UTF-8; conversations are one JSON document a line, as `readChats` gives them
 * @param check called after each piece with the finished share of the text; throws to stop
 * @throws ChorusError `E_MODEL_UNSUPPORTED` if the model has no tokenizer, or one of a kind that is not known
 */
export function tokenise(
  model: Uint8Array,
  text: Uint8Array,
  { isChats, check }: { isChats: boolean; check: (fraction: number) => void },
): LabelledTokens {
  if (!isGguf(model)) {
    throw new ChorusError('E_MODEL_UNSUPPORTED', 'the model has no tokenizer', {
      hint: 'texts are divided into tokens by language models of GGUF files',
    });
  }
  const tokenizer = createTokenizer(openDecoder(model));
  const letters = new TextDecoder().decode(text);
  return isChats ? chatTokens(tokenizer, letters, check) : eachNext(textTokens(tokenizer, letters, check));
}

function textTokens(tokenizer: Tokenizer, letters: string, check: (fraction: number) => void): Int32Array {
  const pieces: number[][] = [];
  for (let from = 0; from < letters.length; ) {
    const end = letters.indexOf('\n', from + PIECE_LENGTH);
    const to = end < 0 || end > from + 2 * PIECE_LENGTH ? from + 2 * PIECE_LENGTH : end + 1;
    pieces.push(tokenizer.encode(letters.slice(from, to)));
    from = to;
    check(Math.min(1, from / letters.length));
  }
  return joined(pieces);
}

/** The answers of conversations are learnt, from all that stands before each. */
function chatTokens(
  tokenizer: Tokenizer,
  letters: string,
  check: (fraction: number) => void,
): LabelledTokens {
  const tokens: number[][] = [];
  const labels: number[][] = [];
  const lines = letters.split('\n').filter((text) => text.trim() !== '');
  for (const [i, text] of lines.entries()) {
    const { messages } = JSON.parse(text) as { messages: ChatMessage[] };
    const all = tokenizer.encodeChat(messages);
    const learnt = new Array<boolean>(all.length).fill(false);
    for (const [at, { role }] of messages.entries()) {
      if (role !== 'assistant') continue;
      const before = tokenizer.encodeChat(messages.slice(0, at), { addGenerationPrompt: true });
      const after = tokenizer.encodeChat(messages.slice(0, at + 1));
      // A template that rewrites what was said before gives no answer that can be found.
      if (!startsWith(all, after) || !startsWith(after, before)) continue;
      learnt.fill(true, before.length, after.length);
    }
    tokens.push(all);
    labels.push(all.map((_, k) => (learnt[k + 1] ? all[k + 1]! : NO_LABEL)));
    if (i % CHATS_AT_ONCE === 0) check(i / lines.length);
  }
  return { tokens: joined(tokens), labels: joined(labels) };
}

/** Conversations tokenised between two signs of progress. */
const CHATS_AT_ONCE = 16;

const startsWith = (tokens: readonly number[], beginning: readonly number[]): boolean =>
  beginning.length <= tokens.length && beginning.every((token, i) => token === tokens[i]);

function joined(pieces: readonly (readonly number[])[]): Int32Array {
  const all = new Int32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
