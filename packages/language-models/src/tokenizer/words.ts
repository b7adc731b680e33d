import { Tokenizer as WordTokenizer } from '@huggingface/tokenizers';
import { shown, unsupported } from '../gguf/faults.ts';
import type { Vocabulary } from './vocabulary.ts';

const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };

/**
 * How texts are split into words before pairs are joined, by the names that llama.cpp gives the ways (llama-vocab.cpp).
 * A wrong one silently gives other tokens than the model was trained with, so others are refused.
 */
const SPLITTING: Readonly<Record<string, object>> = {
  'gpt-2': BYTE_LEVEL,
  smollm: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, BYTE_LEVEL] },
};

/**
 * The tokens of plain text: bytes, split into words, whose pairs are joined (Sennrich et al. 2016, arXiv:1508.07909).
 * No text gives a control token.
 *
 * @throws ChorusError `E_MODEL_UNSUPPORTED` if the way that texts are split is not known here
 */
export function wordEncoder(vocabulary: Vocabulary): (text: string) => number[] {
  const { splitting, merges, joined, whole } = vocabulary;
  if (!Object.hasOwn(SPLITTING, splitting)) {
    throw unsupported(
      'the model splits text in a way that is not known here',
      { pre: shown(splitting), known: Object.keys(SPLITTING).join(', ') },
      'use a model whose tokenizer.ggml.pre is one of those',
    );
  }
  const tokenizer = new WordTokenizer(
    {
      model: { type: 'BPE', vocab: Object.fromEntries(joined), merges, ignore_merges: false },
      pre_tokenizer: SPLITTING[splitting],
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
