import { GraphBuilder, type Model } from '@chorus/autodiff';
import type { Decoder } from '../decoder/open.ts';
import { attention } from './attention.ts';

/** Size of the graph of {@link trainingModel}. */
export interface TrainingModelOptions {
  /** Tokens of one sequence: fixed, at most the model's own context. */
  context: number;
}

/**
 * A decoder as an ONNX model of standard operators, for training: what `insertLora` and `differentiate` of
 * `@chorus/autodiff` take.
 *
 * Input `input_ids` [N, context] int64; output `logits` [N, context, vocabulary] float32, of the token after each one.
 * Weights are initialisers with the names of Hugging Face (LlamaForCausalLM and the like), matrices of the layers as [in, out]. A head
 * that is tied to the embedding reads the same initialiser.
 *
 * Every product with a weight is one Gemm over all rows of the batch: its gradient is a Gemm that reads the weight
 * transposed, so that onnxruntime makes no transposed copies of frozen weights when it opens the graph.
 *
 * @throws RangeError if the context is not between 1 and the model's own
 */
export function trainingModel(decoder: Decoder, { context }: TrainingModelOptions): Model {
  const { config } = decoder;
  if (!Number.isInteger(context) || context < 1 || context > config.context) {
    throw new RangeError(`context is ${context}, not a whole number from 1 to ${config.context}`);
  }
  const g = new GraphBuilder({ opset: 21, name: 'decoder', reserved: decoder.weights.keys() });
  const ids = g.input('input_ids', 'int64', ['N', context]);
  const weight = (name: string): string =>
    g.initializer(name, decoder.weights.get(name)!, decoder.weight(name));
  const linear = (x: string, name: string): string => {
    const bias = `${name}.bias`;
    const added = decoder.weights.has(bias) ? [weight(bias)] : [];
    return g.op('Gemm', [x, weight(`${name}.weight`), ...added]);
  };
  const epsilon = g.constant([], Float32Array.of(config.normEpsilon));
  /** Rows divided by their root mean square, times a weight (Zhang and Sennrich 2019, arXiv:1910.07467). */
  const norm = (x: string, name: string): string => {
    const mean = g.op('ReduceMean', [g.op('Mul', [x, x]), g.ints([-1])], { keepdims: 1 });
    const scale = g.op('Reciprocal', [g.op('Sqrt', [g.op('Add', [mean, epsilon])])]);
    return g.op('Mul', [g.op('Mul', [x, scale]), weight(name)]);
  };

  /** Rows of heads, each head normalised, if the family does so. */
  const headNorm = (x: string, name: string, size: number): string => {
    if (!decoder.weights.has(name)) return x;
    const heads = g.op('Reshape', [x, g.ints([-1, config.headSize])]);
    return g.op('Reshape', [norm(heads, name), g.ints([-1, size])]);
  };

  const attend = attention(g, config, context);
  const embedding = weight('model.embed_tokens.weight');
  let x = g.op('Reshape', [g.op('Gather', [embedding, ids], { axis: 0 }), g.ints([-1, config.width])]);
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}.`;
    const before = norm(x, `${at}input_layernorm.weight`);
    const [query, key, value] = ['q_proj', 'k_proj', 'v_proj'].map((part) =>
      linear(before, `${at}self_attn.${part}`),
    ) as [string, string, string];
    const q = headNorm(query, `${at}self_attn.q_norm.weight`, config.heads * config.headSize);
    const k = headNorm(key, `${at}self_attn.k_norm.weight`, config.keyValueHeads * config.headSize);
    x = g.op('Add', [x, linear(attend(q, k, value), `${at}self_attn.o_proj`)]);
    const middle = norm(x, `${at}post_attention_layernorm.weight`);
    const gate = linear(middle, `${at}mlp.gate_proj`);
    const up = linear(middle, `${at}mlp.up_proj`);
    // SiLU of the gate (Shazeer 2020, arXiv:2002.05202).
    const gated = g.op('Mul', [g.op('Mul', [gate, g.op('Sigmoid', [gate])]), up]);
    x = g.op('Add', [x, linear(gated, `${at}mlp.down_proj`)]);
  }
  const last = norm(x, 'model.norm.weight');
  const head = config.tiedHead ? embedding : weight('lm_head.weight');
  const scores = g.op('Gemm', [last, head], { transB: 1 });
  const logits = g.op('Reshape', [scores, g.ints([-1, context, config.vocabulary])], {}, 'logits');
  g.output(logits, 'float32', ['N', context, config.vocabulary]);
  return g.build();
}
