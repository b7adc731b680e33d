import { createTokenizer, isGguf, openDecoder } from '@chorus/language-models';
import { ChorusError } from '@chorus/protocol';

/** Characters tokenised at once; texts are divided at ends of lines, if these are not too far. */
const PIECE_LENGTH = 2 ** 14;

/**
 * The tokens of a text in their order, some 30,000 a second.
 *
 * @param model bytes of a GGUF file
 * @param text UTF-8
 * @param check called after each piece with the finished share of the text; throws to stop
 * @throws ChorusError `E_MODEL_UNSUPPORTED` if the model has no tokenizer, or one of a kind that is not known
 */
export function tokenise(model: Uint8Array, text: Uint8Array, check: (fraction: number) => void): Int32Array {
  if (!isGguf(model)) {
    throw new ChorusError('E_MODEL_UNSUPPORTED', 'the model has no tokenizer', {
      hint: 'texts are divided into tokens by language models of GGUF files',
    });
  }
  const tokenizer = createTokenizer(openDecoder(model));
  const letters = new TextDecoder().decode(text);
  const pieces: number[][] = [];
  for (let from = 0; from < letters.length; ) {
    const end = letters.indexOf('\n', from + PIECE_LENGTH);
    const to = end < 0 || end > from + 2 * PIECE_LENGTH ? from + 2 * PIECE_LENGTH : end + 1;
    pieces.push(tokenizer.encode(letters.slice(from, to)));
    from = to;
    check(Math.min(1, from / letters.length));
  }
  const tokens = new Int32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    tokens.set(piece, at);
    at += piece.length;
  }
  return tokens;
}
