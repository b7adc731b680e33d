/** Bounds on what a GGUF file may declare. Files come from strangers; each bound is far above real models. */
export const LIMITS = {
  /** Entries of the metadata; real files have 20 to 60. */
  entries: 4096,
  /** Tensors; a model of 120 layers with experts has about 2,000. */
  tensors: 65_536,
  /** Longest key, in bytes: the specification's own bound (2^16 - 1). */
  keyBytes: 65_535,
  /** Longest name of a tensor, in bytes. The specification says 64; adapters append `.lora_a`. */
  nameBytes: 128,
  /** Longest text, in bytes; the largest are licences and chat templates. */
  textBytes: 2 ** 24,
  /** Elements of one array; the largest are vocabularies and merges, up to half a million. */
  arrayLength: 2 ** 22,
  /** Elements of all arrays together: tokens, their scores and kinds, and merges, of half a million each. */
  allElements: 2 ** 23,
  /** Axes of a tensor: ggml's GGML_MAX_DIMS. */
  axes: 4,
  /** Elements of one tensor: an embedding of 256,000 tokens in 8,192 numbers has 2^31. */
  elements: 2 ** 32,
  /** Largest alignment of tensor data, in bytes; 32 is usual. */
  alignment: 65_536,
} as const;
