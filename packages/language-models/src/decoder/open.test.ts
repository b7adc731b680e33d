import { describe, expect, it } from 'vitest';
import { dequantise } from '../gguf/dequantise.ts';
import type { GgufTensor, GgufValue } from '../gguf/model.ts';
import { readGguf } from '../gguf/read.ts';
import { writeGguf } from '../gguf/write.ts';
import { type TinyModelOptions, tinyModel } from '../tiny/tiny-model.ts';
import { openDecoder } from './open.ts';

/** The tiny model with changed metadata and tensors; undefined removes one. */
function changed(
  entries: Record<string, GgufValue | undefined>,
  tensors: Record<string, Partial<GgufTensor> | undefined> = {},
  options: TinyModelOptions = {},
): Uint8Array {
  const model = readGguf(tinyModel(options));
  const metadata = new Map(model.metadata);
  for (const [key, value] of Object.entries(entries)) {
    if (value) metadata.set(key, value);
    else metadata.delete(key);
  }
  const all = new Map(model.tensors);
  for (const [name, change] of Object.entries(tensors)) {
    const base = all.get(name) ?? all.get('output_norm.weight')!;
    if (change) all.set(name, { ...base, name, ...change });
    else all.delete(name);
  }
  return writeGguf({ metadata, tensors: all });
}
const text = (value: string): GgufValue => ({ type: 'string', value });
const size = (value: number): GgufValue => ({ type: 'uint32', value });
const real = (value: number): GgufValue => ({ type: 'float32', value });
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const WIDE = { dims: [64], data: floats(...Array<number>(64).fill(1)) };
const [QWEN_2, QWEN_3] = [{ architecture: 'qwen2' }, { architecture: 'qwen3' }] as const;

describe('a decoder', () => {
  it('has the sizes that the file states', () => {
    expect(openDecoder(tinyModel()).config).toEqual({
      architecture: 'llama',
      layers: 2,
      width: 64,
      heads: 4,
      keyValueHeads: 2,
      headSize: 16,
      feedForward: 128,
      vocabulary: 300,
      context: 256,
      ropeBase: 10_000,
      ropeFactors: null,
      normEpsilon: Math.fround(1e-5),
      tiedHead: true,
    });
    expect(openDecoder(tinyModel({ tiedHead: false })).weights.get('lm_head.weight')).toEqual([300, 64]);
  });

  it('has biases, norms of heads, factors and heads of their own size, as its family has', () => {
    const qwen2 = openDecoder(tinyModel({ architecture: 'qwen2' }));
    expect(qwen2.config.architecture).toBe('qwen2');
    expect(qwen2.weights.get('model.layers.1.self_attn.k_proj.bias')).toEqual([32]);
    const qwen3 = openDecoder(tinyModel({ architecture: 'qwen3', headSize: 32 }));
    expect(qwen3.config.headSize).toBe(32);
    expect(qwen3.weights.get('model.layers.0.self_attn.q_norm.weight')).toEqual([32]);
    expect(qwen3.weights.get('model.layers.0.self_attn.q_proj.weight')).toEqual([64, 128]);
    const llama = openDecoder(tinyModel({ ropeFactors: true }));
    expect([...llama.config.ropeFactors!]).toEqual([1, 1, 2, 2.5, 3, 3.5, 4, 4.5]);
  });

  it('gives matrices as [in, out], with the rows of queries and keys in the order of halves', () => {
    const file = tinyModel();
    const decoder = openDecoder(file);
    const stored = (name: string) => dequantise(readGguf(file).tensors.get(name)!);
    const [query, q] = [
      decoder.weight('model.layers.1.self_attn.q_proj.weight'),
      stored('blk.1.attn_q.weight'),
    ];
    // Number 3 of head 2 and the number it is rotated with, 8 further, are neighbours in the file: rows 6 and 7.
    expect(query[5 * 64 + 2 * 16 + 3]).toBe(q[(2 * 16 + 6) * 64 + 5]);
    expect(query[5 * 64 + 2 * 16 + 11]).toBe(q[(2 * 16 + 7) * 64 + 5]);
    const [down, d] = [
      decoder.weight('model.layers.0.mlp.down_proj.weight'),
      stored('blk.0.ffn_down.weight'),
    ];
    expect(decoder.weights.get('model.layers.0.mlp.down_proj.weight')).toEqual([128, 64]);
    expect(down[100 * 64 + 9]).toBe(d[9 * 128 + 100]);
    expect(decoder.weight('model.embed_tokens.weight')).toEqual(stored('token_embd.weight'));
    expect(() => decoder.weight('model.layers.2.input_layernorm.weight')).toThrow(RangeError);
  });

  it.each<[why: string, code: string, file: Uint8Array]>([
    ['another architecture', 'E_MODEL_UNSUPPORTED', changed({ 'general.architecture': text('constructor') })],
    ['an adapter', 'E_MODEL_UNSUPPORTED', changed({ 'general.type': text('adapter') })],
    ['no architecture', 'E_MODEL_CORRUPT', changed({ 'general.architecture': undefined })],
    ['scaled rotary embeddings', 'E_MODEL_UNSUPPORTED', changed({ 'llama.rope.scaling.type': text('yarn') })],
    ['a scale of places', 'E_MODEL_UNSUPPORTED', changed({ 'llama.rope.scaling.factor': real(4) })],
    ['a sliding window', 'E_MODEL_UNSUPPORTED', changed({ 'llama.attention.sliding_window': size(128) })],
    ['experts', 'E_MODEL_UNSUPPORTED', changed({ 'llama.expert_count': size(8) })],
    ['heads rotated in part', 'E_MODEL_UNSUPPORTED', changed({ 'llama.rope.dimension_count': size(8) })],
    ['heads that do not fit', 'E_MODEL_CORRUPT', changed({ 'llama.attention.head_count_kv': size(3) })],
    [
      'a width that heads do not divide',
      'E_MODEL_CORRUPT',
      changed({ 'llama.attention.head_count': size(7) }),
    ],
    ['absurdly many layers', 'E_MODEL_CORRUPT', changed({ 'llama.block_count': size(2 ** 31) })],
    ['no width', 'E_MODEL_CORRUPT', changed({ 'llama.embedding_length': undefined })],
    ['a rotary base of zero', 'E_MODEL_CORRUPT', changed({ 'llama.rope.freq_base': real(0) })],
    ['another vocabulary', 'E_MODEL_CORRUPT', changed({ 'llama.vocab_size': size(301) })],
    ['a missing tensor', 'E_MODEL_CORRUPT', changed({}, { 'blk.1.ffn_up.weight': undefined })],
    [
      'a tensor of another size',
      'E_MODEL_CORRUPT',
      changed({}, { 'blk.1.ffn_up.weight': { dims: [128, 64] } }),
    ],
    ['a bias', 'E_MODEL_UNSUPPORTED', changed({}, { 'blk.0.attn_q.bias': {} })],
    ['a scale of scores', 'E_MODEL_UNSUPPORTED', changed({ 'llama.attention.scale': real(0.5) })],
    [
      'a scale of rotated heads',
      'E_MODEL_UNSUPPORTED',
      changed({ 'llama.rope.scaling.attn_factor': real(2) }),
    ],
    ['an absurd rotary base', 'E_MODEL_CORRUPT', changed({ 'llama.rope.freq_base': real(1e30) })],
    [
      'a rotary base that is no number',
      'E_MODEL_CORRUPT',
      changed({ 'llama.rope.freq_base': real(Number.NaN) }),
    ],
    ['no head', 'E_MODEL_CORRUPT', changed({ 'llama.attention.head_count': size(0) })],
    ['absurdly many heads', 'E_MODEL_CORRUPT', changed({ 'llama.attention.head_count': size(2 ** 31) })],
    [
      'more heads of keys than of queries',
      'E_MODEL_CORRUPT',
      changed({ 'llama.attention.head_count_kv': size(8) }),
    ],
    ['heads of no size', 'E_MODEL_CORRUPT', changed({ 'llama.attention.key_length': size(0) })],
    ['heads of odd size', 'E_MODEL_CORRUPT', changed({ 'llama.attention.key_length': size(15) })],
    ['absurdly large heads', 'E_MODEL_CORRUPT', changed({ 'llama.attention.key_length': size(2 ** 30) })],
    [
      'values without a length of their own',
      'E_MODEL_UNSUPPORTED',
      changed({ 'llama.attention.value_length': undefined }, {}, { headSize: 32 }),
    ],
    [
      'heads of keys by layer',
      'E_MODEL_CORRUPT',
      changed({ 'llama.attention.head_count_kv': { type: 'array', of: 'uint32', values: [2, 2] } }),
    ],
    [
      'factors of no frequency',
      'E_MODEL_CORRUPT',
      changed({}, { 'rope_freqs.weight': { dims: [4], data: floats(1, 1, 1, 1) } }),
    ],
    [
      'a factor of zero',
      'E_MODEL_CORRUPT',
      changed({}, { 'rope_freqs.weight': { dims: [8], data: floats(1, 1, 1, 1, 1, 1, 1, 0) } }),
    ],
    [
      'an absurd factor',
      'E_MODEL_CORRUPT',
      changed({}, { 'rope_freqs.weight': { dims: [8], data: floats(1, 1, 1, 1, 1, 1, 1, 1e9) } }),
    ],
    [
      'a factor that is no number',
      'E_MODEL_CORRUPT',
      changed({}, { 'rope_freqs.weight': { dims: [8], data: floats(1, 1, 1, 1, 1, 1, 1, Number.NaN) } }),
    ],
    [
      'factors in Qwen',
      'E_MODEL_UNSUPPORTED',
      changed({}, { 'rope_freqs.weight': { dims: [8], data: floats(1, 1, 1, 1, 1, 1, 1, 1) } }, QWEN_2),
    ],
    ['Qwen 2 without a bias', 'E_MODEL_CORRUPT', changed({}, { 'blk.1.attn_k.bias': undefined }, QWEN_2)],
    ['a bias of another size', 'E_MODEL_CORRUPT', changed({}, { 'blk.1.attn_k.bias': WIDE }, QWEN_2)],
    ['a bias of the output', 'E_MODEL_UNSUPPORTED', changed({}, { 'output.bias': {} }, QWEN_2)],
    [
      'Qwen 2 with a sliding window',
      'E_MODEL_UNSUPPORTED',
      changed({ 'qwen2.attention.sliding_window': size(64) }, {}, QWEN_2),
    ],
    [
      'Qwen 3 without norms of heads',
      'E_MODEL_CORRUPT',
      changed({}, { 'blk.0.attn_q_norm.weight': undefined }, QWEN_3),
    ],
    [
      'norms of all heads at once',
      'E_MODEL_CORRUPT',
      changed({}, { 'blk.0.attn_q_norm.weight': WIDE }, QWEN_3),
    ],
    ['an embedding of Qwen 3', 'E_MODEL_UNSUPPORTED', changed({ 'qwen3.pooling_type': size(3) }, {}, QWEN_3)],
    [
      'Qwen 3 under the name of Qwen 2',
      'E_MODEL_CORRUPT',
      changed({ 'general.architecture': text('qwen2') }, {}, QWEN_3),
    ],
    [
      'experts of Qwen 3',
      'E_MODEL_UNSUPPORTED',
      changed({ 'general.architecture': text('qwen3moe') }, {}, QWEN_3),
    ],
  ])('refuses %s: %s', (_, code, file) => {
    expect(() => openDecoder(file)).toThrow(expect.objectContaining({ code }));
  });

  it('accepts the defaults of what a file may leave out', () => {
    const file = changed({
      'general.type': undefined,
      'llama.rope.freq_base': undefined,
      'llama.vocab_size': undefined,
      'llama.rope.scaling.type': text('none'),
    });
    expect(openDecoder(file).config).toEqual(openDecoder(tinyModel()).config);
  });
});
