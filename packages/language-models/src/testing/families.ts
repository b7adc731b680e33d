import type { GgufTensor, GgufValue } from '../gguf/model.ts';
import { readGguf } from '../gguf/read.ts';
import { writeGguf } from '../gguf/write.ts';
import { randomNumbers } from '../tiny/random-numbers.ts';
import { type TinyModelOptions, tinyModel } from '../tiny/tiny-model.ts';
import { trickyMerges, wholeWords } from './tricky-texts.ts';

/** A family of models: what its files have, in the small. */
export interface Family {
  readonly name: string;
  readonly model: TinyModelOptions;
  /** Names of the first three tokens: the one that texts begin with, and two that end them. */
  readonly control: readonly [begin: string, end: string, turn: string];
  /** `tokenizer.ggml.add_bos_token`; undefined if files do not have it. */
  readonly addBegin?: boolean;
}

/** The families that are compared with llama.cpp. */
export const FAMILIES: readonly Family[] = [
  {
    name: 'SmolLM2',
    model: { seed: 21, splitting: 'smollm' },
    control: ['<|im_start|>', '<|endoftext|>', '<|im_end|>'],
    addBegin: false,
  },
  {
    name: 'GPT-2 splitting',
    model: { seed: 22, splitting: 'gpt-2', tiedHead: false },
    control: ['<s>', '<|endoftext|>', '</s>'],
    addBegin: true,
  },
  {
    name: 'Llama 3',
    model: { seed: 23, splitting: 'llama-bpe', tiedHead: false },
    control: ['<|begin_of_text|>', '<|end_of_text|>', '<|eot_id|>'],
  },
  {
    name: 'Llama 3.2',
    model: { seed: 24, splitting: 'llama-bpe', headSize: 32, ropeFactors: true },
    control: ['<|begin_of_text|>', '<|eom_id|>', '<|eot_id|>'],
    addBegin: true,
  },
  {
    name: 'Qwen 2.5',
    model: { seed: 25, splitting: 'qwen2', architecture: 'qwen2' },
    control: ['<|im_start|>', '<|endoftext|>', '<|im_end|>'],
    addBegin: false,
  },
  {
    name: 'Qwen 3',
    model: { seed: 26, splitting: 'qwen2', architecture: 'qwen3', headSize: 32, tiedHead: false },
    control: ['<|im_start|>', '<|endoftext|>', '<|im_end|>'],
    addBegin: false,
  },
  {
    name: 'Mistral Nemo',
    model: { seed: 27, splitting: 'tekken', headSize: 32, tiedHead: false },
    control: ['<s>', '</s>', '[/INST]'],
  },
];

/** Tokens of files that are found in texts as a whole (Qwen 3). */
const WHOLE = ['<think>', '</think>'];

/**
 * A tiny random model of a family, with a vocabulary that shows how texts are split.
 *
 * @param stored how its matrices are stored
 */
export function familyModel(family: Family, stored: 'F32' | 'Q8_0' = 'F32'): Uint8Array<ArrayBuffer> {
  const { metadata, tensors } = readGguf(tinyModel({ ...family.model, merges: trickyMerges() }));
  const tokens = metadata.get('tokenizer.ggml.tokens') as Extract<GgufValue, { of: 'string' }>;
  const added = [...wholeWords(), ...WHOLE];
  const values = [...family.control, ...tokens.values.slice(family.control.length), ...added];
  const normal = values.map((_, id) => (id < 3 ? 3 : id < values.length - WHOLE.length ? 1 : 4));
  const changed = new Map<string, GgufValue>(metadata)
    .set('tokenizer.ggml.tokens', { type: 'array', of: 'string', values })
    .set('tokenizer.ggml.token_type', { type: 'array', of: 'int32', values: normal })
    .set('tokenizer.ggml.bos_token_id', { type: 'uint32', value: 0 })
    .set('tokenizer.ggml.eos_token_id', { type: 'uint32', value: 1 })
    .set(`${family.model.architecture ?? 'llama'}.vocab_size`, { type: 'uint32', value: values.length });
  if (family.addBegin === undefined) changed.delete('tokenizer.ggml.add_bos_token');
  else changed.set('tokenizer.ggml.add_bos_token', { type: 'bool', value: family.addBegin });
  const all = new Map<string, GgufTensor>();
  for (const [name, tensor] of tensors) {
    const isByToken = name === 'token_embd.weight' || name === 'output.weight';
    const longer = isByToken ? withRows(tensor, values.length) : tensor;
    all.set(name, stored === 'Q8_0' && tensor.dims.length === 2 ? quantised(longer) : longer);
  }
  return writeGguf({ metadata: changed, tensors: all });
}

/** A matrix with further random rows. */
function withRows(tensor: GgufTensor, rows: number): GgufTensor {
  const [width, before] = tensor.dims as [number, number];
  const next = randomNumbers(rows);
  const more = Float32Array.from({ length: (rows - before) * width }, () => 0.4 * (2 * next() - 1));
  const data = Buffer.concat([tensor.data, new Uint8Array(more.buffer)]);
  return { ...tensor, dims: [width, rows], data };
}

/** A matrix in blocks of 32 integers of 8 bits with a scale in half precision (block_q8_0 of ggml-common.h). */
function quantised({ name, dims, data }: GgufTensor): GgufTensor {
  const values = new Float32Array(Uint8Array.from(data).buffer);
  const out = new Uint8Array((values.length / 32) * 34);
  const view = new DataView(out.buffer);
  const scale = new DataView(new ArrayBuffer(4));
  for (let block = 0; block < values.length / 32; block++) {
    const part = values.subarray(block * 32, block * 32 + 32);
    const most = part.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    // Cut to the bits of half precision; all scales are normal numbers of it. A larger one would lose nothing but a step.
    scale.setFloat32(0, most / 127);
    const bits = scale.getUint32(0) & 0xffffe000;
    scale.setUint32(0, bits);
    const step = scale.getFloat32(0);
    view.setUint16(block * 34, (bits >>> 13) - (112 << 10), true);
    part.forEach((value, i) => {
      view.setInt8(block * 34 + 2 + i, Math.max(-127, Math.min(127, Math.round(value / step))));
    });
  }
  return { name, dims, type: 'Q8_0', data: out };
}
