/** Bounds on what a model file may declare. Models come from strangers; each bound is far above real models. */
export const LIMITS = {
  /** Largest number of nodes in one graph; GPT-scale exports have about 20,000. */
  nodes: 200_000,
  /** ONNX itself has no operator with tensors beyond this rank. */
  rank: 64,
  /** Largest dimension. */
  dimension: 2 ** 30,
  /** Largest number of elements of one tensor, 2^30: 4 GiB of float32, the embedding of 256,000 tokens in 4,096 numbers. */
  elements: 2 ** 30,
  /** Nesting of subgraphs (If in Loop in ...). */
  depth: 16,
  /** Longest name of a value or node, in UTF-16 units. */
  name: 4096,
} as const;
