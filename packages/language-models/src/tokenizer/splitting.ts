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
 * The ways of splitting by the names that llama.cpp gives them (`llm_tokenizer_bpe` and `llama_vocab::impl::load` of
 * llama-vocab.cpp). A wrong one silently gives other tokens than the model was trained with, so others are refused.
 */
export const SPLITTINGS: Readonly<Record<string, Splitting>> = {
  'gpt-2': { patterns: [GPT_2], wordsFirst: false, begins: false },
  smollm: { patterns: ['\\p{N}', GPT_2], wordsFirst: false, begins: false },
  qwen2: { patterns: [cl100k('\\p{N}')], wordsFirst: false, begins: false },
  'llama-bpe': { patterns: [cl100k('\\p{N}{1,3}')], wordsFirst: true, begins: true },
};

/** The way of splitting of a name; undefined if it is not known here. */
export const splittingOf = (name: string): Splitting | undefined =>
  Object.hasOwn(SPLITTINGS, name) ? SPLITTINGS[name] : undefined;
