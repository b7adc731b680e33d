import { ARCHITECTURES } from './architectures.ts';
import type { DecoderConfig } from './config.ts';

/** One weight of a decoder: where it is in a file, and what it is here. */
export interface WeightPlace {
  /** Name here, that of Hugging Face's model of the same architecture. */
  readonly name: string;
  /** Name in a GGUF file. */
  readonly stored: string;
  /** Sizes here. */
  readonly shape: readonly number[];
  /**
   * How the stored rows become the matrix here. `as-is`: the same; `turned`: [out, in] becomes [in, out]; `rotated`:
   * turned, after the rows of each head are put back into the order that Hugging Face has.
   */
  readonly order: 'as-is' | 'turned' | 'rotated';
}

/** Matrices of a layer that LoRA may adapt: name here without `model.layers.N.`, name in a file without `blk.N.`. */
const MATRICES = (c: DecoderConfig) => {
  const rotated = ARCHITECTURES[c.architecture].interleaved ? 'rotated' : 'turned';
  return [
    ['self_attn.q_proj', 'attn_q', c.width, c.heads * c.headSize, rotated],
    ['self_attn.k_proj', 'attn_k', c.width, c.keyValueHeads * c.headSize, rotated],
    ['self_attn.v_proj', 'attn_v', c.width, c.keyValueHeads * c.headSize, 'turned'],
    ['self_attn.o_proj', 'attn_output', c.heads * c.headSize, c.width, 'turned'],
    ['mlp.gate_proj', 'ffn_gate', c.width, c.feedForward, 'turned'],
    ['mlp.up_proj', 'ffn_up', c.width, c.feedForward, 'turned'],
    ['mlp.down_proj', 'ffn_down', c.feedForward, c.width, 'turned'],
  ] as const;
};

/** Vectors of the attention of a layer, where the family has them; named as the matrices are. */
function vectors(c: DecoderConfig): (readonly [name: string, stored: string, size: number])[] {
  const { biases, headNorms } = ARCHITECTURES[c.architecture];
  return [
    ...(biases
      ? ([
          ['self_attn.q_proj.bias', 'attn_q.bias', c.heads * c.headSize],
          ['self_attn.k_proj.bias', 'attn_k.bias', c.keyValueHeads * c.headSize],
          ['self_attn.v_proj.bias', 'attn_v.bias', c.keyValueHeads * c.headSize],
        ] as const)
      : []),
    ...(headNorms
      ? ([
          ['self_attn.q_norm.weight', 'attn_q_norm.weight', c.headSize],
          ['self_attn.k_norm.weight', 'attn_k_norm.weight', c.headSize],
        ] as const)
      : []),
  ];
}

/** All weights of a decoder, in the order of Hugging Face's files. */
export function weightPlaces(config: DecoderConfig): WeightPlace[] {
  const { width, vocabulary } = config;
  const rows = (name: string, stored: string): WeightPlace => ({
    name,
    stored,
    shape: [vocabulary, width],
    order: 'as-is',
  });
  const norm = (name: string, stored: string, size: number = width): WeightPlace => ({
    name,
    stored,
    shape: [size],
    order: 'as-is',
  });
  const layers = Array.from({ length: config.layers }, (_, layer) => {
    const here = `model.layers.${layer}.`;
    const there = `blk.${layer}.`;
    return [
      norm(`${here}input_layernorm.weight`, `${there}attn_norm.weight`),
      ...MATRICES(config).map(([name, stored, from, to, order]) => ({
        name: `${here}${name}.weight`,
        stored: `${there}${stored}.weight`,
        shape: [from, to],
        order,
      })),
      ...vectors(config).map(([name, stored, size]) => norm(here + name, there + stored, size)),
      norm(`${here}post_attention_layernorm.weight`, `${there}ffn_norm.weight`),
    ];
  });
  return [
    rows('model.embed_tokens.weight', 'token_embd.weight'),
    ...layers.flat(),
    norm('model.norm.weight', 'output_norm.weight'),
    ...(config.tiedHead ? [] : [rows('lm_head.weight', 'output.weight')]),
  ];
}
