/** Bounds on what a model file may declare. Models come from strangers; each bound is far above real models. */
export const LIMITS = {
  /** Largest number of nodes in one graph; GPT-scale exports have about 20,000. */
  nodes: 200_000,
  /** ONNX itself has no operator with tensors beyond this rank. */
  rank: 64,
  /** Largest dimension, 2^40: one axis of a terabyte tensor. */
  dimension: 2 ** 40,
  /** Largest number of elements of one initialiser, 2^36: 256 GiB of float32. */
  elements: 2 ** 36,
  /** Nesting of subgraphs (If in Loop in ...). */
  depth: 16,
  /** Longest name of a value or node, in UTF-16 units. */
  name: 4096,
} as const;
