import type { GraphBuilder } from '@chorus/autodiff';
import type { Decoder } from '../decoder/open.ts';

/** Products with the weights of a decoder, in one of the forms that they are stored in. */
export interface WeightOps {
  /** Rows times each of the matrices of these names. */
  linear(x: string, names: readonly string[]): string[];
  /** The embedding of tokens [B, S] as [B, S, width]. */
  embed(ids: string): string;
  /** Scores of all tokens: [R, width] to [R, vocabulary]. */
  head(x: string): string;
}

/** Weights in float32, as initialisers with the names of Hugging Face. A tied head is the embedding itself. */
export function floatWeights(g: GraphBuilder, decoder: Decoder): WeightOps {
  const weight = (name: string): string =>
    g.initializer(name, decoder.weights.get(name)!, decoder.weight(name));
  const embedding = weight('model.embed_tokens.weight');
  return {
    linear: (x, names) => names.map((name) => g.op('MatMul', [x, weight(name)])),
    embed: (ids) => g.op('Gather', [embedding, ids], { axis: 0 }),
    head: (x) =>
      g.op('Gemm', [x, decoder.config.tiedHead ? embedding : weight('lm_head.weight')], { transB: 1 }),
  };
}
