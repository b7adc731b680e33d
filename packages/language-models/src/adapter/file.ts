import { interleavedRow, originalRow, reordered, transposed } from '../decoder/arrange.ts';
import type { Decoder } from '../decoder/open.ts';
import { dequantise } from '../gguf/dequantise.ts';
import { corrupt, shown, unsupported } from '../gguf/faults.ts';
import type { GgufTensor, GgufValue } from '../gguf/model.ts';
import { readGguf } from '../gguf/read.ts';
import { writeGguf } from '../gguf/write.ts';
import { type Adapter, adaptable, adaptedWeights, MAX_RANK } from './adapter.ts';

/** Suffixes of the two tensors of a weight, and metadata keys (llama.cpp, `llama-adapter.cpp`). */
const [SUFFIX_A, SUFFIX_B] = ['.lora_a', '.lora_b'];
const ALPHA_KEY = 'adapter.lora.alpha';
const kindsOf = ({ config }: Decoder) => ({
  'general.type': 'adapter',
  'general.architecture': config.architecture,
  'adapter.type': 'lora',
});

/**
 * An adapter as a GGUF file, as llama.cpp's `convert_lora_to_gguf.py` writes it: float32, rows of the queries' and keys'
 * matrices in its own order. `llama-cli --lora` takes it.
 *
 * @throws RangeError if the adapter does not fit the decoder
 */
export function writeAdapter(decoder: Decoder, adapter: Adapter): Uint8Array<ArrayBuffer> {
  const { headSize } = decoder.config;
  const tensors = new Map<string, GgufTensor>();
  const add = (name: string, dims: readonly number[], values: Float32Array): void => {
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    tensors.set(name, { name, dims, type: 'F32', data });
  };
  for (const [name, { place, inSize, outSize, rank }] of adaptedWeights(decoder, adapter)) {
    const { a, b } = adapter.weights.get(name)!;
    add(place.stored + SUFFIX_A, [inSize, rank], transposed(a, inSize, rank));
    const rows = transposed(b, rank, outSize);
    const stored =
      place.order === 'rotated' ? reordered(rows, outSize, rank, (row) => originalRow(row, headSize)) : rows;
    add(place.stored + SUFFIX_B, [rank, outSize], stored);
  }
  const metadata = new Map<string, GgufValue>([
    ...Object.entries(kindsOf(decoder)).map(([key, value]) => [key, { type: 'string', value }] as const),
    [ALPHA_KEY, { type: 'float32', value: adapter.alpha }],
  ]);
  return writeGguf({ metadata, tensors });
}

/**
 * Reads an adapter of a decoder out of a GGUF file, as {@link writeAdapter} and llama.cpp write it.
 *
 * @throws ChorusError `E_MODEL_UNSUPPORTED` if it is no LoRA adapter of the decoder's architecture, or adapts other weights than
 * the matrices of the layers; `E_MODEL_CORRUPT` if it does not fit the decoder
 */
export function readAdapter(file: Uint8Array, decoder: Decoder): Adapter {
  const { metadata, tensors } = readGguf(file);
  for (const [key, wanted] of Object.entries(kindsOf(decoder))) {
    const value = metadata.get(key);
    const found = value?.type === 'string' ? value.value : '';
    if (found === wanted) continue;
    throw unsupported(
      `the file is no LoRA adapter of a model of the architecture ${decoder.config.architecture}`,
      { key, value: shown(found), wanted },
      'make it with convert_lora_to_gguf.py of llama.cpp, or with Chorus',
    );
  }
  const alpha = metadata.get(ALPHA_KEY);
  if (alpha?.type !== 'float32' || !(alpha.value > 0 && Number.isFinite(alpha.value))) {
    throw corrupt('the adapter does not state its alpha', { key: ALPHA_KEY });
  }
  const places = new Map([...adaptable(decoder).values()].map((place) => [place.stored, place]));
  const weights = new Map<string, { a: Float32Array; b: Float32Array }>();
  for (const name of tensors.keys()) {
    const base = name.replace(/\.lora_[ab]$/, '');
    const place = places.get(base);
    if (!place || base === name) {
      throw unsupported(
        'the adapter changes a weight that is not adapted here',
        { tensor: shown(name) },
        'adapt the matrices of the layers alone, and those of this model',
      );
    }
    if (weights.has(place.name)) continue;
    const [a, b] = [tensors.get(base + SUFFIX_A), tensors.get(base + SUFFIX_B)];
    const [inSize, outSize] = place.shape as [number, number];
    const rank = a?.dims[1] ?? 0;
    if (!a || !b || !fits(a, inSize, rank) || !fits(b, rank, outSize) || rank < 1 || rank > MAX_RANK) {
      throw corrupt('the adapter does not fit the model', { tensor: shown(base), rank, inSize, outSize });
    }
    const stored = dequantise(b);
    const rows =
      place.order === 'rotated'
        ? reordered(stored, outSize, rank, (row) => interleavedRow(row, decoder.config.headSize))
        : stored;
    weights.set(place.name, {
      a: transposed(dequantise(a), rank, inSize),
      b: transposed(rows, outSize, rank),
    });
  }
  return { alpha: alpha.value, weights };
}

const fits = ({ dims }: GgufTensor, inner: number, outer: number): boolean =>
  dims.length === 2 && dims[0] === inner && dims[1] === outer;
