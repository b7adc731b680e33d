import { type AttributeInput, DataType, float, GraphBuilder, type Model } from '@chorus/autodiff';
import type { Decoder } from '../decoder/open.ts';
import { contrib } from './contrib.ts';
import { floatWeights } from './float-weights.ts';
import { int8Weights } from './int8-weights.ts';
import { rotaryTables } from './rotary.ts';

/** How {@link servingModel} builds its graph. */
export interface ServingModelOptions {
  /**
   * `int8`: products with weights of 8 bits in blocks of 32 and inputs of 8 bits, faster and a quarter of the memory.
   * `float32`: as the model is.
   */
  weights: 'int8' | 'float32';
  /** Most tokens of a text: at most the model's own context. */
  context: number;
}

/** Names of the values of a serving graph; those of layers end with `.N.key` and `.N.value`. */
export const SERVING = {
  ids: 'input_ids',
  places: 'position_ids',
  lengths: 'last_places',
  longest: 'longest',
  scored: 'scored_rows',
  past: 'past_key_values',
  logits: 'logits',
  fresh: 'new_key_values',
} as const;

/**
 * A decoder as an ONNX model for writing text with onnxruntime: one run reads the next tokens of some texts, and scores
 * what follows those of them that are asked for. The cache of keys and values is kept by the caller; runs only read it.
 *
 * Inputs, for B texts of which S tokens each are read (S > 1 after a past only with B = 1):
 * - `input_ids` [B, S] int64, `position_ids` [B, S] int64: the tokens and their places, from 0;
 * - `last_places` [B] int32: the place of each text's last token in this run; `longest` [1] int32: tokens of the longest
 *   text after it;
 * - `scored_rows` [R] int64: of the B S tokens that are read, text by text, those whose next token is scored: for writing
 *   the last one of each text. The scores of all tokens of a prompt would be a hundred times the model's other values;
 * - `past_key_values.N.key` and `.value` [B, keyValueHeads, P, headSize] float32: what earlier runs returned for the
 *   places before; P is any number of places that is large enough for the longest text, with what was not read yet.
 *
 * Outputs: `logits` [R, vocabulary] after each scored token; `new_key_values` [B, S, layers, 2, keyValueHeads,
 * headSize]: the keys and values of the tokens that were read.
 *
 * Operators of onnxruntime's own domain `com.microsoft` are among the nodes: the graph belongs to a version of the
 * runtime, and is never what identifies a model.
 *
 * @throws RangeError if the context is not between 1 and the model's own, or 8 bits are asked for and a size is not a
 * multiple of 32
 */
export function servingModel(decoder: Decoder, { weights, context }: ServingModelOptions): Model {
  const { config } = decoder;
  const { width, heads, keyValueHeads, headSize, layers, vocabulary } = config;
  if (!Number.isInteger(context) || context < 1 || context > config.context) {
    throw new RangeError(`context is ${context}, not a whole number from 1 to ${config.context}`);
  }
  const g = new GraphBuilder({ opset: 21, name: 'decoder' });
  const op = contrib(g);
  const { linear, embed, head } = weights === 'int8' ? int8Weights(g, decoder) : floatWeights(g, decoder);
  const ids = g.input(SERVING.ids, 'int64', ['batch_size', 'sequence_length']);
  const places = g.input(SERVING.places, 'int64', ['batch_size', 'sequence_length']);
  const lengths = g.input(SERVING.lengths, 'int32', ['batch_size']);
  const longest = g.input(SERVING.longest, 'int32', [1]);
  const scored = g.input(SERVING.scored, 'int64', ['scored_rows']);
  const tables = rotaryTables(context, headSize, config.ropeBase, config.ropeFactors);
  const cos = g.initializer('rotary.cos', [context, headSize / 2], tables.cos);
  const sin = g.initializer('rotary.sin', [context, headSize / 2], tables.sin);
  const norm = { epsilon: float(config.normEpsilon) };
  const gain = (name: string): string => g.initializer(name, [width], decoder.weight(name));

  let x = embed(ids);
  let y = g.op('SimplifiedLayerNormalization', [x, gain('model.layers.0.input_layernorm.weight')], norm);
  /** Adds to the sum that passes through the layers, and normalises it. */
  const add = (more: string, name: string): void => {
    [y, , , x] = op('SkipSimplifiedLayerNormalization', [x, more, gain(name)], 4, norm) as [
      string,
      string,
      string,
      string,
    ];
  };
  /** The product plus its bias, if the family has one. */
  const biased = (product: string, name: string): string => {
    const shape = decoder.weights.get(name);
    return shape ? g.op('Add', [product, g.initializer(name, shape, decoder.weight(name))]) : product;
  };
  /** [B, S, heads headSize], each head normalised, if the family does so. */
  const headNorm = (value: string, name: string, count: number): string => {
    const shape = decoder.weights.get(name);
    if (!shape) return value;
    const heads = g.op('Reshape', [value, g.ints([0, 0, count, headSize])]);
    const scale = g.initializer(name, shape, decoder.weight(name));
    return g.op('Reshape', [
      g.op('SimplifiedLayerNormalization', [heads, scale], norm),
      g.ints([0, 0, count * headSize]),
    ]);
  };
  const rotate = (value: string): string => op('RotaryEmbedding', [value, places, cos, sin], 1)[0]!;
  const fresh: string[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}.`;
    const past = ['key', 'value'].map((part) =>
      g.input(`${SERVING.past}.${layer}.${part}`, 'float32', [
        'batch_size',
        keyValueHeads,
        'past_sequence_length',
        headSize,
      ]),
    );
    const parts = ['q_proj', 'k_proj', 'v_proj'].map((part) => `${at}self_attn.${part}`);
    const products = linear(
      y,
      parts.map((part) => `${part}.weight`),
    );
    const [q, k, v] = products.map((product, i) => biased(product, `${parts[i]}.bias`)) as [
      string,
      string,
      string,
    ];
    const query = rotate(headNorm(q, `${at}self_attn.q_norm.weight`, heads));
    const key = rotate(headNorm(k, `${at}self_attn.k_norm.weight`, keyValueHeads));
    fresh.push(key, v);
    const attributes: Record<string, AttributeInput> = { num_heads: heads, kv_num_heads: keyValueHeads };
    // The whole of present keys and values is computed inside; that it is not returned saves a copy of the cache.
    const [mixed] = op('GroupQueryAttention', [query, key, v, ...past, lengths, longest], 3, attributes);
    add(linear(mixed!, [`${at}self_attn.o_proj.weight`])[0]!, `${at}post_attention_layernorm.weight`);
    const [gate, up] = linear(y, [`${at}mlp.gate_proj.weight`, `${at}mlp.up_proj.weight`]) as [
      string,
      string,
    ];
    const [open] = op('QuickGelu', [gate], 1, { alpha: float(1) });
    const down = linear(g.op('Mul', [open!, up]), [`${at}mlp.down_proj.weight`])[0]!;
    const next =
      layer + 1 < layers ? `model.layers.${layer + 1}.input_layernorm.weight` : 'model.norm.weight';
    add(down, next);
  }
  const rows = g.op('Gather', [g.op('Reshape', [y, g.ints([-1, width])]), scored], { axis: 0 });
  g.output(head(rows), 'float32', ['scored_rows', vocabulary], SERVING.logits);
  const all = g.op('Concat', fresh, { axis: -1 });
  g.output(all, DataType.float32, undefined, SERVING.fresh);
  return { ...g.build(), domains: new Map([['com.microsoft', 1]]) };
}
