/**
 * The forward pass of a decoder in plain float64 loops, straight from the tensors of a GGUF file as ggml reads them: rows
 * of weights as stored, one token at a time over a cache of keys and values. In files of the architecture llama
 * neighbours are rotated with each other; in the others, numbers half a head apart. Biases, norms of heads and factors of
 * frequencies are used where the file has them. It shares no code with the graphs but the reading of the file.
 */
import { dequantise } from '../gguf/dequantise.ts';
import type { Gguf } from '../gguf/model.ts';
import { readGguf } from '../gguf/read.ts';

/**
 * Reads a text token by token.
 *
 * @param file a GGUF file
 * @returns takes the next token of the text, and gives the scores of the one after it [vocabulary]
 */
export function referenceReader(file: Uint8Array): (token: number) => Float64Array {
  const gguf = readGguf(file);
  const architecture = gguf.metadata.get('general.architecture');
  const family = architecture?.type === 'string' ? architecture.value : '';
  const number = (key: string, otherwise?: number): number => numberOf(gguf, `${family}.${key}`, otherwise);
  const [width, heads, layers] = [
    number('embedding_length'),
    number('attention.head_count'),
    number('block_count'),
  ];
  const keyHeads = number('attention.head_count_kv');
  const size = number('attention.key_length', width / heads);
  const [epsilon, base] = [number('attention.layer_norm_rms_epsilon'), number('rope.freq_base')];
  const weights = new Map<string, Float32Array>();
  const weight = (name: string): Float32Array => {
    const found = weights.get(name) ?? dequantise(gguf.tensors.get(name)!);
    weights.set(name, found);
    return found;
  };
  const product = (name: string, x: Float64Array): Float64Array => {
    const w = weight(name);
    const bias = name.replace('weight', 'bias');
    const b = gguf.tensors.has(bias) ? weight(bias) : undefined;
    return Float64Array.from({ length: w.length / x.length }, (_, row) => {
      let sum = b?.[row] ?? 0;
      for (let i = 0; i < x.length; i++) sum += w[row * x.length + i]! * x[i]!;
      return sum;
    });
  };
  const norm = (name: string, x: Float64Array): Float64Array => {
    const mean = x.reduce((sum, value) => sum + value * value, 0) / x.length;
    const w = weight(name);
    return x.map((value, i) => (value / Math.sqrt(mean + epsilon)) * w[i]!);
  };
  const headNorm = (name: string, x: Float64Array): Float64Array => {
    if (!gguf.tensors.has(name)) return x;
    const out = new Float64Array(x.length);
    for (let at = 0; at < x.length; at += size) out.set(norm(name, x.slice(at, at + size)), at);
    return out;
  };
  const factors = gguf.tensors.has('rope_freqs.weight') ? weight('rope_freqs.weight') : undefined;
  const rotate = (x: Float64Array, place: number): Float64Array => {
    const out = x.slice();
    for (let pair = 0; pair < x.length / 2; pair++) {
      const within = pair % (size / 2);
      const start = pair - within;
      const [one, other] =
        family === 'llama' ? [2 * pair, 2 * pair + 1] : [2 * start + within, 2 * start + within + size / 2];
      const angle = (place * base ** ((-2 * within) / size)) / (factors?.[within] ?? 1);
      out[one] = x[one]! * Math.cos(angle) - x[other]! * Math.sin(angle);
      out[other] = x[one]! * Math.sin(angle) + x[other]! * Math.cos(angle);
    }
    return out;
  };
  const cache = Array.from({ length: layers }, () => ({
    keys: [] as Float64Array[],
    values: [] as Float64Array[],
  }));

  let place = -1;
  return (token) => {
    place++;
    let x: Float64Array = Float64Array.from(
      weight('token_embd.weight').subarray(token * width, (token + 1) * width),
    );
    for (let layer = 0; layer < layers; layer++) {
      const at = `blk.${layer}.`;
      const { keys, values } = cache[layer]!;
      const before = norm(`${at}attn_norm.weight`, x);
      const rotated = (part: string): Float64Array =>
        rotate(headNorm(`${at}attn_${part}_norm.weight`, product(`${at}attn_${part}.weight`, before)), place);
      const query = rotated('q');
      keys.push(rotated('k'));
      values.push(product(`${at}attn_v.weight`, before));
      const mixed = new Float64Array(heads * size);
      for (let head = 0; head < heads; head++) {
        const from = Math.floor((head * keyHeads) / heads) * size;
        const scores = keys.map((key) => {
          let sum = 0;
          for (let i = 0; i < size; i++) sum += query[head * size + i]! * key[from + i]!;
          return sum / Math.sqrt(size);
        });
        const shares = softmax(scores);
        values.forEach((value, earlier) => {
          for (let i = 0; i < size; i++) mixed[head * size + i]! += shares[earlier]! * value[from + i]!;
        });
      }
      x = added(x, product(`${at}attn_output.weight`, mixed));
      const middle = norm(`${at}ffn_norm.weight`, x);
      const up = product(`${at}ffn_up.weight`, middle);
      const gated = product(`${at}ffn_gate.weight`, middle).map((g, i) => (g / (1 + Math.exp(-g))) * up[i]!);
      x = added(x, product(`${at}ffn_down.weight`, gated));
    }
    const head = gguf.tensors.has('output.weight') ? 'output.weight' : 'token_embd.weight';
    return product(head, norm('output_norm.weight', x));
  };
}

/** Scores of the token after each one: [tokens][vocabulary]. */
export const referenceLogits = (file: Uint8Array, tokens: readonly number[]): Float64Array[] => {
  const read = referenceReader(file);
  return tokens.map((token) => read(token));
};

/**
 * The most likely continuation, token by token.
 *
 * @param count most tokens to add
 * @param ends tokens that end it; the first of them is its last token
 */
export function referenceGreedy(
  file: Uint8Array,
  prompt: readonly number[],
  count: number,
  ends: ReadonlySet<number> = new Set(),
): number[] {
  const read = referenceReader(file);
  let logits = prompt.map((token) => read(token)).at(-1)!;
  const written: number[] = [];
  while (written.length < count && !ends.has(written.at(-1) ?? -1)) {
    const next = logits.indexOf(Math.max(...logits));
    written.push(next);
    logits = read(next);
  }
  return written;
}

const added = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value + b[i]!);

function softmax(scores: readonly number[]): number[] {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function numberOf({ metadata }: Gguf, key: string, otherwise?: number): number {
  const value = metadata.get(key);
  if (value === undefined && otherwise !== undefined) return otherwise;
  if (value?.type !== 'uint32' && value?.type !== 'float32') throw new Error(`no number ${key}`);
  return value.value;
}
