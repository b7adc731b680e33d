import { corrupt, unsupported } from '../gguf/faults.ts';
import type { Gguf, GgufValue } from '../gguf/model.ts';

/** Sizes and constants of a decoder. */
export interface DecoderConfig {
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
  /** Added to the mean square in a normalisation. */
  readonly normEpsilon: number;
  /** Whether the head that scores tokens has the weights of the embedding. */
  readonly tiedHead: boolean;
}

/** Largest sizes: far above the models that run here, and small enough for sums of them to be exact. */
const MOST = { layers: 1024, size: 2 ** 20, context: 2 ** 24 } as const;

/** Entries that change what a model computes; a model that sets one is not run as if it had not. */
const UNKNOWN_MEANING: Readonly<Record<string, (value: GgufValue) => boolean>> = {
  'rope.scaling.type': (value) => !(value.type === 'string' && value.value === 'none'),
  'rope.scaling.factor': (value) => !(value.type === 'float32' && (value.value === 0 || value.value === 1)),
  'rope.scale_linear': (value) => !(value.type === 'float32' && value.value === 1),
  'attention.sliding_window': (value) => !('value' in value && Number(value.value) === 0),
  expert_count: (value) => !('value' in value && Number(value.value) === 0),
  'attention.causal': (value) => !('value' in value && value.value === true),
};

/**
 * Reads the sizes of a decoder out of a file's metadata.
 *
 * @throws ChorusError `E_MODEL_UNSUPPORTED` for another architecture, scaled rotary embeddings, sliding windows and
 * experts; `E_MODEL_CORRUPT` for missing or absurd sizes
 */
export function readConfig({ metadata, tensors }: Gguf): DecoderConfig {
  const architecture = text(metadata, 'general.architecture');
  const kind = metadata.has('general.type') ? text(metadata, 'general.type') : 'model';
  if (architecture !== 'llama' || kind !== 'model') {
    throw unsupported(
      `a ${kind} of the architecture ${architecture.slice(0, 40)} is not run here`,
      { architecture: architecture.slice(0, 40), kind: kind.slice(0, 40) },
      'use a language model of the architecture llama, such as SmolLM2',
    );
  }
  for (const [key, differs] of Object.entries(UNKNOWN_MEANING)) {
    const value = metadata.get(`llama.${key}`);
    if (value !== undefined && differs(value)) {
      throw unsupported(
        'the model sets what is not computed here',
        { key: `llama.${key}` },
        'use a model without scaled rotary embeddings, sliding windows and experts',
      );
    }
  }
  const size = (key: string, most: number, otherwise?: number): number =>
    integer(metadata, `llama.${key}`, most, otherwise);
  const width = size('embedding_length', MOST.size);
  const heads = size('attention.head_count', MOST.size);
  const headSize = size('attention.key_length', MOST.size, width / heads);
  const config: DecoderConfig = {
    layers: size('block_count', MOST.layers),
    width,
    heads,
    keyValueHeads: size('attention.head_count_kv', MOST.size, heads),
    headSize,
    feedForward: size('feed_forward_length', MOST.size),
    vocabulary: size('vocab_size', MOST.size, tensors.get('token_embd.weight')?.dims[1] ?? 0),
    context: size('context_length', MOST.context),
    // Defaults of llama.cpp (llama-model.cpp).
    ropeBase: real(metadata, 'llama.rope.freq_base', 10_000),
    normEpsilon: real(metadata, 'llama.attention.layer_norm_rms_epsilon'),
    tiedHead: !tensors.has('output.weight'),
  };
  const facts = { heads, keyValueHeads: config.keyValueHeads, headSize };
  if (heads % config.keyValueHeads !== 0 || headSize % 2 !== 0) {
    throw corrupt('the heads of the model do not fit each other', facts);
  }
  const values = size('attention.value_length', MOST.size, headSize);
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

function real(metadata: Gguf['metadata'], key: string, otherwise?: number): number {
  const entry = metadata.get(key);
  const value = entry === undefined ? otherwise : entry.type === 'float32' ? entry.value : undefined;
  if (value !== undefined && Number.isFinite(value) && value > 0) return value;
  throw corrupt('the metadata lacks a number, or it is absurd', { key, type: entry?.type, value });
}
