/** How the decoders of one family differ from those of the others. */
export interface Architecture {
  /**
   * Whether files hold the rows of queries and keys interleaved: ggml's rope type `norm`, which rotates neighbours. The
   * others have type `neox`, in Hugging Face's own order of halves (`llama_model_rope_type` of llama-model.cpp).
   */
  readonly interleaved: boolean;
  /** Whether the products of queries, keys and values have biases. */
  readonly biases: boolean;
  /** Whether each head of queries and keys is normalised before it is rotated. */
  readonly headNorms: boolean;
  /** Whether a file may divide the frequencies of the rotary embedding (`rope_freqs.weight`, Llama 3.1 and later). */
  readonly ropeFactors: boolean;
}

/** The families that are run, by their name in files (`general.architecture`, gguf-py/gguf/constants.py). */
export const ARCHITECTURES = {
  llama: { interleaved: true, biases: false, headNorms: false, ropeFactors: true },
  qwen2: { interleaved: false, biases: true, headNorms: false, ropeFactors: false },
  qwen3: { interleaved: false, biases: false, headNorms: true, ropeFactors: false },
} as const satisfies Readonly<Record<string, Architecture>>;

/** Name of a family that is run. */
export type ArchitectureName = keyof typeof ARCHITECTURES;

/** Whether a family of this name is run. */
export const isArchitecture = (name: string): name is ArchitectureName => Object.hasOwn(ARCHITECTURES, name);
