import { adaptWeights, encodeModel, mergeLora } from '@chorus/autodiff';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type Decoder, openDecoder } from '../decoder/open.ts';
import { dequantise } from '../gguf/dequantise.ts';
import type { Gguf, GgufTensor, GgufValue } from '../gguf/model.ts';
import { readGguf } from '../gguf/read.ts';
import { writeGguf } from '../gguf/write.ts';
import { trainingModel } from '../graph/training-graph.ts';
import { referenceLogits } from '../testing/reference.ts';
import { randomNumbers } from '../tiny/random-numbers.ts';
import { tinyModel } from '../tiny/tiny-model.ts';
import type { Adapter } from './adapter.ts';
import { readAdapter, writeAdapter } from './file.ts';
import { mergeAdapter } from './merge.ts';

const file = tinyModel();
const decoder = openDecoder(file);
const [QUERY, DOWN] = ['model.layers.0.self_attn.q_proj.weight', 'model.layers.1.mlp.down_proj.weight'];

function someAdapter(names: readonly string[], rank = 4): Adapter {
  const next = randomNumbers(5);
  const values = (length: number) => Float32Array.from({ length }, () => next() - 0.5);
  const weights = names.map((name) => {
    const [inSize, outSize] = decoder.weights.get(name) as [number, number];
    return [name, { a: values(inSize * rank), b: values(rank * outSize) }] as const;
  });
  return { alpha: 6, weights: new Map(weights) };
}
const every = [...decoder.weights.keys()].filter((name) => name.includes('proj'));

/**
 * The model's file with an adapter's file applied as llama.cpp applies it, in the order of the stored rows:
 * W + (alpha / rank) B A.
 */
function applied(model: Gguf, adapter: Gguf, alpha: number): Uint8Array {
  const tensors = new Map(model.tensors);
  for (const [
    name,
    {
      dims: [inSize, rank],
    },
  ] of adapter.tensors) {
    if (!name.endsWith('.lora_a')) continue;
    const base = name.slice(0, -'.lora_a'.length);
    const a = dequantise(adapter.tensors.get(name)!);
    const b = dequantise(adapter.tensors.get(`${base}.lora_b`)!);
    const values = dequantise(model.tensors.get(base)!).map((value, at) => {
      const [row, column] = [Math.floor(at / inSize!), at % inSize!];
      let sum = 0;
      for (let k = 0; k < rank!; k++) sum += b[row * rank! + k]! * a[k * inSize! + column]!;
      return value + (alpha / rank!) * sum;
    });
    tensors.set(base, { ...model.tensors.get(base)!, data: new Uint8Array(values.buffer) });
  }
  return writeGguf({ metadata: model.metadata, tensors });
}

const failure = (code: string) => expect.objectContaining({ code });

describe('adapters', () => {
  it('what is written is read', () => {
    const adapter = someAdapter(every);
    expect(every).toHaveLength(14);
    const written = writeAdapter(decoder, adapter);
    expect(readAdapter(written, decoder)).toEqual(adapter);
    expect(writeAdapter(decoder, readAdapter(written, decoder))).toEqual(written);
  });

  it('is of one architecture, and has the rows of matrices in the order of its files', () => {
    const qwen = openDecoder(tinyModel({ architecture: 'qwen2' }));
    const adapter = someAdapter([QUERY!]);
    const [ofLlama, ofQwen] = [writeAdapter(decoder, adapter), writeAdapter(qwen, adapter)];
    expect(readAdapter(ofQwen, qwen)).toEqual(adapter);
    const rows = (written: Uint8Array) =>
      dequantise(readGguf(written).tensors.get('blk.0.attn_q.weight.lora_b')!);
    // Row 1 of Hugging Face is row 2 of a file of llama: neighbours there are half a head apart here.
    expect(rows(ofLlama).slice(8, 12)).toEqual(rows(ofQwen).slice(4, 8));
    expect(() => readAdapter(ofLlama, qwen)).toThrow(failure('E_MODEL_UNSUPPORTED'));
    expect(() => readAdapter(ofQwen, decoder)).toThrow(failure('E_MODEL_UNSUPPORTED'));
  });

  it('a file has the names, sizes and metadata of llama.cpp', () => {
    const { metadata, tensors } = readGguf(writeAdapter(decoder, someAdapter([QUERY!, DOWN!])));
    expect([...tensors.values()].map(({ name, dims }) => [name, ...dims])).toEqual([
      ['blk.0.attn_q.weight.lora_a', 64, 4],
      ['blk.0.attn_q.weight.lora_b', 4, 64],
      ['blk.1.ffn_down.weight.lora_a', 128, 4],
      ['blk.1.ffn_down.weight.lora_b', 4, 64],
    ]);
    expect(metadata.get('adapter.type')).toEqual({ type: 'string', value: 'lora' });
    expect(metadata.get('adapter.lora.alpha')).toEqual({ type: 'float32', value: 6 });
  });

  it('a merged decoder scores like the model to whose stored rows the file is applied', async () => {
    const adapter = someAdapter(every);
    const merged = mergeAdapter(decoder, adapter);
    const tokens = [7, 90, 255, 3, 180];
    const expected = referenceLogits(
      applied(readGguf(file), readGguf(writeAdapter(decoder, adapter)), 6),
      tokens,
    );
    const found = await logits(merged, tokens);
    const worst = expected.flatMap((row) => [...row]).map((value, i) => Math.abs(value - found[i]!));
    expect(Math.max(...worst)).toBeLessThan(1e-3);
    expect(found).not.toEqual(await logits(decoder, tokens));
  });

  it('are merged in one order of rounded operations', () => {
    const adapter = someAdapter([DOWN!], 3);
    const { a, b } = adapter.weights.get(DOWN!)!;
    const found = mergeAdapter(decoder, adapter).weight(DOWN!);
    const base = decoder.weight(DOWN!);
    const { fround } = Math;
    for (const [i, j] of [
      [0, 0],
      [17, 40],
      [127, 63],
    ] as const) {
      let sum = 0;
      for (let k = 0; k < 3; k++) sum = fround(sum + fround(a[i * 3 + k]! * b[k * 64 + j]!));
      expect(found[i * 64 + j]).toBe(fround(base[i * 64 + j]! + fround(fround(2) * sum)));
    }
    expect(mergeAdapter(decoder, adapter).weight(QUERY!)).toEqual(decoder.weight(QUERY!));
  });

  it('agree with the adapters of a training graph', () => {
    const { model, trainable } = adaptWeights(trainingModel(decoder, { context: 8 }), {
      rank: 4,
      alpha: 6,
      target: [QUERY!],
    });
    const adapter = someAdapter([QUERY!]);
    const { a, b } = adapter.weights.get(QUERY!)!;
    expect(trainable).toEqual([`${QUERY}.lora_A`, `${QUERY}.lora_B`]);
    const values = new Map([
      [trainable[0]!, a],
      [trainable[1]!, b],
    ]);
    const session = mergeLora(model, values);
    const ours = encodeModel(trainingModel(mergeAdapter(decoder, adapter), { context: 8 }));
    return Promise.all([session, ours].map((bytes) => scores(bytes, [1, 2, 3, 4, 5, 6, 7, 8]))).then(
      ([theirs, own]) => {
        expect(Math.max(...theirs!.map((value, i) => Math.abs(value - own![i]!)))).toBeLessThan(1e-4);
      },
    );
  });

  it('that do not fit are refused', () => {
    const odd = new Map([[QUERY!, { a: new Float32Array(64), b: new Float32Array(63) }]]);
    expect(() => mergeAdapter(decoder, { alpha: 1, weights: odd })).toThrow(RangeError);
    const norm = new Map([['model.norm.weight', { a: new Float32Array(64), b: new Float32Array(64) }]]);
    expect(() => writeAdapter(decoder, { alpha: 1, weights: norm })).toThrow(RangeError);
    expect(() => writeAdapter(decoder, { alpha: 0, weights: new Map() })).toThrow(RangeError);
  });

  it.each<
    [
      why: string,
      code: string,
      change: (gguf: { metadata: Map<string, GgufValue>; tensors: Map<string, GgufTensor> }) => void,
    ]
  >([
    [
      'a model',
      'E_MODEL_UNSUPPORTED',
      ({ metadata }) => metadata.set('general.type', { type: 'string', value: 'model' }),
    ],
    ['another kind', 'E_MODEL_UNSUPPORTED', ({ metadata }) => metadata.delete('adapter.type')],
    ['no alpha', 'E_MODEL_CORRUPT', ({ metadata }) => metadata.delete('adapter.lora.alpha')],
    ['half of it', 'E_MODEL_CORRUPT', ({ tensors }) => tensors.delete('blk.0.attn_q.weight.lora_b')],
    [
      'a weight of another model',
      'E_MODEL_UNSUPPORTED',
      ({ tensors }) =>
        tensors.set('blk.9.attn_q.weight.lora_a', {
          ...tensors.get('blk.0.attn_q.weight.lora_a')!,
          name: 'blk.9.attn_q.weight.lora_a',
        }),
    ],
    [
      'other sizes',
      'E_MODEL_CORRUPT',
      ({ tensors }) =>
        tensors.set('blk.0.attn_q.weight.lora_b', {
          ...tensors.get('blk.0.attn_q.weight.lora_b')!,
          dims: [64, 4],
        }),
    ],
  ])('a file with %s is refused: %s', (_, code, change) => {
    const { metadata, tensors } = readGguf(writeAdapter(decoder, someAdapter([QUERY!])));
    const changed = { metadata: new Map(metadata), tensors: new Map(tensors) };
    change(changed);
    expect(() => readAdapter(writeGguf(changed), decoder)).toThrow(failure(code));
  });
});

const logits = (of: Decoder, tokens: readonly number[]): Promise<number[]> =>
  scores(encodeModel(trainingModel(of, { context: tokens.length })), tokens);

async function scores(model: Uint8Array, tokens: readonly number[]): Promise<number[]> {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const input = new ort.Tensor('int64', BigInt64Array.from(tokens, BigInt), [1, tokens.length]);
  return [...((await session.run({ input_ids: input })).logits!.data as Float32Array)];
}
