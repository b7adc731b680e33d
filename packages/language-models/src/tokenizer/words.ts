import { Tokenizer as WordTokenizer } from '@huggingface/tokenizers';
import { shown, unsupported } from '../gguf/faults.ts';
import { SPLITTINGS, splittingOf } from './splitting.ts';
import type { Vocabulary } from './vocabulary.ts';

/** How words are written in the letters of bytes. */
const BYTES = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };

/**
 * The tokens of plain text: bytes, split into words, whose pairs are joined (Sennrich et al. 2016, arXiv:1508.07909).
 * No text gives a control token.
 *
 * @throws ChorusError `E_MODEL_UNSUPPORTED` if the way that texts are split is not known here
 */
export function wordEncoder(vocabulary: Vocabulary): (text: string) => number[] {
  const { merges, joined, whole } = vocabulary;
  const splitting = splittingOf(vocabulary.splitting);
  if (!splitting) {
    throw unsupported(
      'the model splits text in a way that is not known here',
      { pre: shown(vocabulary.splitting), known: Object.keys(SPLITTINGS).join(', ') },
      'use a model whose tokenizer.ggml.pre is one of those',
    );
  }
  const tokenizer = new WordTokenizer(
    {
      model: { type: 'BPE', vocab: Object.fromEntries(joined), merges, ignore_merges: splitting.wordsFirst },
      pre_tokenizer: { type: 'Sequence', pretokenizers: [...splitting.patterns.map(split), BYTES] },
      normalizer: null,
      post_processor: null,
      decoder: null,
      added_tokens: [...whole].map(([content, id]) => ({ content, id, special: false, normalized: false })),
    },
    {},
  );
  return (text) => {
    if (text === '') return [];
    // The types of the library do not resolve for NodeNext.
    const { ids } = tokenizer.encode(text.toWellFormed(), { add_special_tokens: false }) as {
      ids: (number | undefined)[];
    };
    // A byte that the vocabulary lacks has no token; llama.cpp leaves it out as well.
    return ids.filter((id) => id !== undefined);
  };
}

const split = (pattern: string): object => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
});
