import { describe, expect, it } from 'vitest';
import { dequantise } from '../gguf/dequantise.ts';
import type { GgufTensor, GgufValue } from '../gguf/model.ts';
import { readGguf } from '../gguf/read.ts';
import { writeGguf } from '../gguf/write.ts';
import { tinyModel } from '../tiny/tiny-model.ts';
import { openDecoder } from './open.ts';

/** The tiny model with changed metadata and tensors; undefined removes one. */
function changed(
  entries: Record<string, GgufValue | undefined>,
  tensors: Record<string, Partial<GgufTensor> | undefined> = {},
): Uint8Array {
  const model = readGguf(tinyModel());
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
    ['another architecture', 'E_MODEL_UNSUPPORTED', changed({ 'general.architecture': text('gemma3') })],
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
