/** How a file's texts become words, and what else its name of the splitting decides. */
interface Splitting {
  /** Regular expressions; each one splits what the one before left whole, into its matches and what is between them. */
  readonly patterns: readonly string[];
  /** Whether a word that is a token is that token, whatever pairs would be joined. */
  readonly wordsFirst: boolean;
  /** Whether texts begin with the token of beginnings if the file does not say so. */
  readonly begins: boolean;
}

/** White space is Unicode's property White_Space: the library reads `\s` so. */
const GPT_2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** The splitting of cl100k (tiktoken) and its kin, which differ in the digits of a word. */
const cl100k = (digits: string): string =>
  "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" +
  `${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/**
 * Mistral's splitting, as llama.cpp has it: only ASCII letters have a case, and combining marks end a word. The pattern that
 * the models learnt with has the cases of all scripts, and marks within words.
 */
const TEKKEN =
  '[^\\r\\n\\p{L}\\p{N}]?(?:(?=\\p{L})[^a-z])*(?:(?=\\p{L})[^A-Z])+|' +
  '[^\\r\\n\\p{L}\\p{N}]?(?:(?=\\p{L})[^a-z])+(?:(?=\\p{L})[^A-Z])*|' +
  '\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

const QWEN_2: Splitting = { patterns: [cl100k('\\p{N}')], wordsFirst: false, begins: false };
const LLAMA_3: Splitting = { patterns: [cl100k('\\p{N}{1,3}')], wordsFirst: true, begins: true };

/**
 * The ways of splitting by the names that llama.cpp gives them (`llm_tokenizer_bpe` and `llama_vocab::impl::load` of
 * llama-vocab.cpp). A wrong one silently gives other tokens than the model was trained with, so others are refused.
 */
export const SPLITTINGS: Readonly<Record<string, Splitting>> = {
  'gpt-2': { patterns: [GPT_2], wordsFirst: false, begins: false },
  smollm: { patterns: ['\\p{N}', GPT_2], wordsFirst: false, begins: false },
  qwen2: QWEN_2,
  'deepseek-r1-qwen': QWEN_2,
  'llama-bpe': LLAMA_3,
  llama3: LLAMA_3,
  'llama-v3': LLAMA_3,
  falcon3: LLAMA_3,
  tekken: { patterns: [TEKKEN], wordsFirst: true, begins: true },
};

/** The way of splitting of a name; undefined if it is not known here. */
export const splittingOf = (name: string): Splitting | undefined =>
  Object.hasOwn(SPLITTINGS, name) ? SPLITTINGS[name] : undefined;
