import { dequantise } from '../gguf/dequantise.ts';
import { corrupt, shown, unsupported } from '../gguf/faults.ts';
import type { Gguf, GgufTensor } from '../gguf/model.ts';
import { readGguf } from '../gguf/read.ts';
import { interleavedRow, reordered, turned } from './arrange.ts';
import { type DecoderConfig, ROPE_FACTORS, readConfig } from './config.ts';
import { type WeightPlace, weightPlaces } from './weights.ts';

/**
 * A language model of the families llama, Qwen 2 and Qwen 3: a decoder with rotary embeddings, grouped queries and gated
 * layers.
 */
export interface Decoder {
  readonly config: DecoderConfig;
  /** The file's metadata; the tokenizer and the chat template are in it. */
  readonly metadata: Gguf['metadata'];
  /** Names and sizes of all weights, in a fixed order. */
  readonly weights: ReadonlyMap<string, readonly number[]>;
  /**
   * One weight in float32, row-major; computed with each call and not kept. The same file gives the same bits on every
   * machine.
   *
   * Matrices of the layers are as MatMul takes them, [in, out]; `model.embed_tokens.weight` and `lm_head.weight` are
   * [vocabulary, width]; the norms [width], those of heads [headSize]; biases as long as what they are added to.
   *
   * @param name that of Hugging Face's LlamaForCausalLM, Qwen2ForCausalLM or Qwen3ForCausalLM, e.g. `model.layers.0.self_attn.q_proj.weight`
   * @throws RangeError for a name that is not in `weights`
   * @throws ChorusError `E_MODEL_CORRUPT` if a number of it is not finite
   */
  weight(name: string): Float32Array;
  /** The transpose of {@link weight} for matrices of the layers, [out, in], and the same for all others. */
  rows(name: string): Float32Array;
}

/**
 * Opens a language model in a GGUF file.
 *
 * @param bytes the whole file; it is read while the decoder is used, and must not change
 * @throws ChorusError `E_MODEL_CORRUPT` if the file is damaged or its tensors do not fit its metadata;
 * `E_MODEL_UNSUPPORTED` if the model is of another architecture or stored in types that are not read
 */
export function openDecoder(bytes: Uint8Array): Decoder {
  const gguf = readGguf(bytes);
  const config = readConfig(gguf);
  const places = weightPlaces(config);
  const stored = new Map(places.map((place) => [place.name, fittingTensor(gguf, place)]));
  const known = new Set(places.map((place) => place.stored));
  if (config.ropeFactors) known.add(ROPE_FACTORS);
  const unknown = [...gguf.tensors.keys()].find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw unsupported(
      'the model has a tensor that its architecture does not have here',
      { tensor: shown(unknown) },
      'use a model whose layers have no further parts, such as other biases and experts',
    );
  }
  const byName = new Map(places.map((each) => [each.name, each]));
  const place = (name: string): WeightPlace => {
    const found = byName.get(name);
    if (!found) throw new RangeError(`the model has no weight ${name}`);
    return found;
  };
  const rows = (name: string): Float32Array =>
    inOrder(place(name), dequantise(stored.get(name)!), config.headSize);
  return {
    config,
    metadata: gguf.metadata,
    weights: new Map(places.map(({ name, shape }) => [name, shape])),
    rows,
    weight: (name) => turned(place(name), rows(name)),
  };
}

function fittingTensor({ tensors }: Gguf, { stored, shape, order }: WeightPlace): GgufTensor {
  const tensor = tensors.get(stored);
  if (!tensor) throw corrupt('the file lacks a tensor of the model', { tensor: stored });
  // Dimensions of a file begin with the innermost axis: those of a transposed matrix are its own.
  const expected = order === 'as-is' ? [...shape].reverse() : shape;
  if (tensor.dims.length !== expected.length || tensor.dims.some((dim, i) => dim !== expected[i])) {
    throw corrupt('a tensor does not have the size that the metadata asks for', {
      tensor: stored,
      size: tensor.dims.join('x'),
      expected: expected.join('x'),
    });
  }
  return tensor;
}

/** Stored rows in the order that they have here. */
function inOrder({ shape, order }: WeightPlace, values: Float32Array, headSize: number): Float32Array {
  if (order !== 'rotated') return values;
  const [columns, rows] = shape as [number, number];
  return reordered(values, rows, columns, (row) => interleavedRow(row, headSize));
}
