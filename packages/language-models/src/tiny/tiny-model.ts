import { ARCHITECTURES, type ArchitectureName } from '../decoder/architectures.ts';
import type { GgufTensor, GgufValue } from '../gguf/model.ts';
import { writeGguf } from '../gguf/write.ts';
import { byteLetters } from '../tokenizer/byte-letters.ts';
import { randomNumbers } from './random-numbers.ts';

/** What {@link tinyModel} makes. */
export interface TinyModelOptions {
  /** Decides the weights. Default 1. */
  seed?: number;
  /** Most tokens of a text. Default 256. */
  context?: number;
  /** Whether the head has the weights of the embedding. Default true. */
  tiedHead?: boolean;
  /** Default llama. */
  architecture?: ArchitectureName;
  /** Numbers of one head, a multiple of 8. Default 16, with which the heads are as wide as the model. */
  headSize?: number;
  /** Divides the frequencies of the rotary embedding, as Llama 3.1 does. Default false. */
  ropeFactors?: boolean;
  /** How text is split into words (`tokenizer.ggml.pre`). Default smollm. */
  splitting?: string;
  /** Pairs of tokens that are joined, the first one first, each part a byte's letter or an earlier pair. Default: of English. */
  merges?: readonly string[];
}

/** Sizes of the tiny model. */
const [LAYERS, WIDTH, HEADS, KEY_VALUE_HEADS, FEED_FORWARD] = [2, 64, 4, 2, 128];

/** Factors of the tiny model's frequencies: the slower a pair turns, the larger. Llama 3.1 has 1 to 8. */
const factorsOf = (headSize: number): Float32Array =>
  Float32Array.from({ length: headSize / 2 }, (_, i) => (i < headSize / 8 ? 1 : 1 + i / 2));

/** Tokens that stand for no text. */
const CONTROL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];

/** Pairs that are joined, the first one first; each part is a byte's letter or an earlier pair. */
const MERGES =
  'Ġ t|h e|Ġ a|i n|r e|o n|Ġt he|e r|a t|Ġ s|o u|n d|Ġ w|i s|e n|Ġ c|Ġ b|e s|o r|Ġ f|in g|Ġ o|Ġ p|e d|Ġ h|a n|Ġa nd|' +
  'Ġ m|i t|a r|l e|Ġ d|Ġ in|Ġt o|l l|Ġo f|Ġ y|u s|Ġy ou|s er|us er';

/** ChatML, as SmolLM2 has it. */
const TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/**
 * A language model with random weights, as a GGUF file of about 400 KB: 2 layers, width 64, 4 heads on 2 of keys, a
 * byte-level vocabulary of 300 tokens, a chat template. Equal options give equal bytes.
 */
export function tinyModel(options: TinyModelOptions = {}): Uint8Array<ArrayBuffer> {
  const { seed = 1, tiedHead = true, architecture = 'llama', headSize = WIDTH! / HEADS! } = options;
  const merges = options.merges ?? MERGES.split('|');
  const tokens = [...CONTROL, ...byteLetters(), ...merges.map((pair) => pair.replace(' ', ''))];
  const next = randomNumbers(seed);
  const tensors = new Map<string, GgufTensor>();
  const tensor = (name: string, dims: readonly number[], centre: number, spread: number): void => {
    const values = Float32Array.from(
      { length: dims.reduce((product, dim) => product * dim, 1) },
      () => centre + spread * (2 * next() - 1),
    );
    tensors.set(name, { name, dims, type: 'F32', data: new Uint8Array(values.buffer) });
  };
  const norm = (name: string, size: number = WIDTH!): void => tensor(name, [size], 1, 0.2);
  // With a gain of 1, the spread that keeps the size of what is multiplied.
  const matrix = (name: string, from: number, to: number, gain = 1): void =>
    tensor(name, [from, to], 0, gain * Math.sqrt(3 / from));
  // Small against what the layers add: the next token is not the same one again.
  tensor('token_embd.weight', [WIDTH!, tokens.length], 0, 0.4);
  const [queries, keyed] = [HEADS! * headSize, KEY_VALUE_HEADS! * headSize];
  const { biases, headNorms } = ARCHITECTURES[architecture];
  for (let layer = 0; layer < LAYERS!; layer++) {
    norm(`blk.${layer}.attn_norm.weight`);
    matrix(`blk.${layer}.attn_q.weight`, WIDTH!, queries);
    matrix(`blk.${layer}.attn_k.weight`, WIDTH!, keyed);
    matrix(`blk.${layer}.attn_v.weight`, WIDTH!, keyed);
    matrix(`blk.${layer}.attn_output.weight`, queries, WIDTH!, 2);
    norm(`blk.${layer}.ffn_norm.weight`);
    matrix(`blk.${layer}.ffn_gate.weight`, WIDTH!, FEED_FORWARD!);
    matrix(`blk.${layer}.ffn_up.weight`, WIDTH!, FEED_FORWARD!);
    matrix(`blk.${layer}.ffn_down.weight`, FEED_FORWARD!, WIDTH!, 2);
    if (biases) {
      tensor(`blk.${layer}.attn_q.bias`, [queries], 0, 1);
      tensor(`blk.${layer}.attn_k.bias`, [keyed], 0, 1);
      tensor(`blk.${layer}.attn_v.bias`, [keyed], 0, 1);
    }
    if (headNorms) {
      norm(`blk.${layer}.attn_q_norm.weight`, headSize);
      norm(`blk.${layer}.attn_k_norm.weight`, headSize);
    }
  }
  norm('output_norm.weight');
  if (!tiedHead) matrix('output.weight', WIDTH!, tokens.length);
  if (options.ropeFactors) {
    const name = 'rope_freqs.weight';
    const data = new Uint8Array(factorsOf(headSize).buffer);
    tensors.set(name, { name, dims: [headSize / 2], type: 'F32', data });
  }
  return writeGguf({ metadata: metadataOf(tokens, merges, { ...options, architecture, headSize }), tensors });
}

function metadataOf(
  tokens: readonly string[],
  merges: readonly string[],
  {
    architecture,
    headSize,
    context = 256,
    splitting = 'smollm',
  }: TinyModelOptions & { architecture: ArchitectureName; headSize: number },
): Map<string, GgufValue> {
  const text = (value: string): GgufValue => ({ type: 'string', value });
  const size = (value: number): GgufValue => ({ type: 'uint32', value });
  const real = (value: number): GgufValue => ({ type: 'float32', value });
  return new Map<string, GgufValue>([
    ['general.architecture', text(architecture)],
    ['general.type', text('model')],
    ['general.name', text('tiny')],
    [`${architecture}.block_count`, size(LAYERS!)],
    [`${architecture}.context_length`, size(context)],
    [`${architecture}.embedding_length`, size(WIDTH!)],
    [`${architecture}.feed_forward_length`, size(FEED_FORWARD!)],
    [`${architecture}.attention.head_count`, size(HEADS!)],
    [`${architecture}.attention.head_count_kv`, size(KEY_VALUE_HEADS!)],
    [`${architecture}.rope.freq_base`, real(10_000)],
    [`${architecture}.attention.layer_norm_rms_epsilon`, real(1e-5)],
    [`${architecture}.vocab_size`, size(tokens.length)],
    [`${architecture}.rope.dimension_count`, size(headSize)],
    ...(headSize === WIDTH! / HEADS!
      ? []
      : ([
          [`${architecture}.attention.key_length`, size(headSize)],
          [`${architecture}.attention.value_length`, size(headSize)],
        ] as const)),
    ['tokenizer.ggml.model', text('gpt2')],
    ['tokenizer.ggml.pre', text(splitting)],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', values: tokens }],
    // 3: control, 1: normal (llama.h, llama_token_type).
    [
      'tokenizer.ggml.token_type',
      { type: 'array', of: 'int32', values: tokens.map((_, id) => (id < CONTROL.length ? 3 : 1)) },
    ],
    ['tokenizer.ggml.merges', { type: 'array', of: 'string', values: merges }],
    ['tokenizer.ggml.bos_token_id', size(1)],
    ['tokenizer.ggml.eos_token_id', size(2)],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: false }],
    ['tokenizer.chat_template', text(TEMPLATE)],
  ]);
}
