import { dequantise } from '../gguf/dequantise.ts';
import { corrupt, unsupported } from '../gguf/faults.ts';
import type { Gguf, GgufValue } from '../gguf/model.ts';
import { ARCHITECTURES, type ArchitectureName, isArchitecture } from './architectures.ts';

/** Sizes and constants of a decoder. */
export interface DecoderConfig {
  /** The family of the decoder, by its name in files. */
  readonly architecture: ArchitectureName;
  /** Number of layers. */
  readonly layers: number;
  /** Numbers that stand for a token between layers. */
  readonly width: number;
  /** Heads of queries. */
  readonly heads: number;
  /** Heads of keys and values; each serves `heads / keyValueHeads` heads of queries. */
  readonly keyValueHeads: number;
  /** Numbers of one head; even. */
  readonly headSize: number;
  /** Width of the feed-forward part. */
  readonly feedForward: number;
  /** Number of tokens that the model knows. */
  readonly vocabulary: number;
  /** Most tokens of a text that it was trained for. */
  readonly context: number;
  /** Base of the rotary embedding's frequencies. */
  readonly ropeBase: number;
  /** What the frequency of each pair is divided by, [headSize / 2]; null if by nothing. */
  readonly ropeFactors: Float32Array | null;
  /** Added to the mean square in a normalisation. */
  readonly normEpsilon: number;
  /** Whether the head that scores tokens has the weights of the embedding. */
  readonly tiedHead: boolean;
}

/** Largest sizes: far above the models that run here, and small enough for sums of them to be exact. */
const MOST = { layers: 1024, size: 2 ** 20, context: 2 ** 24 } as const;

/** Bounds of numbers: Llama 3 has a base of 5e5, Qwen of 1e6; factors are 1 to 64. */
const BASE = [1, 2 ** 40] as const;
const EPSILON = [1e-12, 1] as const;
const FACTOR = [2 ** -10, 2 ** 10] as const;

/** The tensor of the rotary embedding's factors. */
export const ROPE_FACTORS = 'rope_freqs.weight';

const isZero = (value: GgufValue): boolean => 'value' in value && Number(value.value) === 0;
const isOne = (value: GgufValue): boolean => value.type === 'float32' && value.value === 1;

/** Entries that change what a model computes; a model that sets one is not run as if it had not. */
const UNKNOWN_MEANING: Readonly<Record<string, (value: GgufValue) => boolean>> = {
  'rope.scaling.type': (value) => !(value.type === 'string' && value.value === 'none'),
  'rope.scaling.factor': (value) => !isZero(value) && !isOne(value),
  'rope.scaling.attn_factor': (value) => !isZero(value) && !isOne(value),
  'rope.scale_linear': (value) => !isOne(value),
  'attention.sliding_window': (value) => !isZero(value),
  'attention.causal': (value) => !('value' in value && value.value === true),
  'attention.scale': (value) => !isZero(value),
  'attention.clamp_kqv': (value) => !isZero(value),
  expert_count: (value) => !isZero(value),
  // An embedding of whole texts instead of scores of tokens.
  pooling_type: (value) => !isZero(value),
  logit_scale: (value) => !isZero(value) && !isOne(value),
};

/**
 * Reads the sizes of a decoder out of a file's metadata.
 *
 * @throws ChorusError `E_MODEL_UNSUPPORTED` for another architecture, scaled rotary embeddings, sliding windows and
 * experts; `E_MODEL_CORRUPT` for missing or absurd sizes
 */
export function readConfig(gguf: Gguf): DecoderConfig {
  const { metadata, tensors } = gguf;
  const architecture = text(metadata, 'general.architecture');
  const kind = metadata.has('general.type') ? text(metadata, 'general.type') : 'model';
  if (!isArchitecture(architecture) || kind !== 'model') {
    throw unsupported(
      `a ${kind} of the architecture ${architecture.slice(0, 40)} is not run here`,
      { architecture: architecture.slice(0, 40), kind: kind.slice(0, 40) },
      `use a language model of the architecture ${Object.keys(ARCHITECTURES).join(', ')}`,
    );
  }
  for (const [key, differs] of Object.entries(UNKNOWN_MEANING)) {
    const value = metadata.get(`${architecture}.${key}`);
    if (value !== undefined && differs(value)) {
      throw unsupported(
        'the model sets what is not computed here',
        { key: `${architecture}.${key}` },
        'use a model without scaled rotary embeddings, sliding windows and experts',
      );
    }
  }
  const size = (key: string, most: number, otherwise?: number): number =>
    integer(metadata, `${architecture}.${key}`, most, otherwise);
  const width = size('embedding_length', MOST.size);
  const heads = size('attention.head_count', MOST.size);
  const headSize = size('attention.key_length', MOST.size, width / heads);
  const config: DecoderConfig = {
    architecture,
    layers: size('block_count', MOST.layers),
    width,
    heads,
    keyValueHeads: size('attention.head_count_kv', MOST.size, heads),
    headSize,
    feedForward: size('feed_forward_length', MOST.size),
    vocabulary: size('vocab_size', MOST.size, tensors.get('token_embd.weight')?.dims[1] ?? 0),
    context: size('context_length', MOST.context),
    // Defaults of llama.cpp (llama-model.cpp).
    ropeBase: real(metadata, `${architecture}.rope.freq_base`, BASE, 10_000),
    ropeFactors: ARCHITECTURES[architecture].ropeFactors ? readFactors(gguf, headSize) : null,
    normEpsilon: real(metadata, `${architecture}.attention.layer_norm_rms_epsilon`, EPSILON),
    tiedHead: !tensors.has('output.weight'),
  };
  const facts = { heads, keyValueHeads: config.keyValueHeads, headSize };
  if (heads % config.keyValueHeads !== 0 || headSize % 2 !== 0) {
    throw corrupt('the heads of the model do not fit each other', facts);
  }
  // Without a length of values llama.cpp divides the width, whatever the length of keys is.
  const values = metadata.has(`${architecture}.attention.key_length`)
    ? size('attention.value_length', MOST.size, width / heads)
    : size('attention.value_length', MOST.size, headSize);
  const rotated = size('rope.dimension_count', MOST.size, headSize);
  if (values !== headSize || rotated !== headSize) {
    throw unsupported(
      'the parts of the heads of the model differ in size',
      { ...facts, values, rotated },
      'use a model whose heads are rotated as a whole',
    );
  }
  return config;
}

function text(metadata: Gguf['metadata'], key: string): string {
  const value = metadata.get(key);
  if (value?.type === 'string') return value.value;
  throw corrupt('the metadata lacks a text', { key, type: value?.type });
}

function integer(metadata: Gguf['metadata'], key: string, most: number, otherwise?: number): number {
  const entry = metadata.get(key);
  const value =
    entry === undefined
      ? otherwise
      : entry.type === 'uint32' || entry.type === 'int32' || entry.type === 'uint64'
        ? Number(entry.value)
        : undefined;
  if (value !== undefined && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw corrupt('the metadata lacks a size, or it is absurd', { key, type: entry?.type, value, most });
}

function real(
  metadata: Gguf['metadata'],
  key: string,
  [least, most]: readonly [number, number],
  otherwise?: number,
): number {
  const entry = metadata.get(key);
  const value = entry === undefined ? otherwise : entry.type === 'float32' ? entry.value : undefined;
  if (value !== undefined && value >= least && value <= most) return value;
  throw corrupt('the metadata lacks a number, or it is absurd', {
    key,
    type: entry?.type,
    value,
    least,
    most,
  });
}

/** The factors of the rotary embedding's frequencies; null if the file has none. */
function readFactors({ tensors }: Gguf, headSize: number): Float32Array | null {
  const tensor = tensors.get(ROPE_FACTORS);
  if (!tensor) return null;
  if (tensor.dims.length !== 1 || tensor.dims[0] !== headSize / 2) {
    throw corrupt('the factors of the rotary embedding do not fit the heads', {
      size: tensor.dims.join('x'),
      expected: headSize / 2,
    });
  }
  const factors = dequantise(tensor);
  const absurd = factors.find((factor) => !(factor >= FACTOR[0] && factor <= FACTOR[1]));
  if (absurd === undefined) return factors;
  throw corrupt('a factor of the rotary embedding is absurd', {
    value: absurd,
    least: FACTOR[0],
    most: FACTOR[1],
  });
}
