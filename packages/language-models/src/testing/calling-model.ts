import type { GgufValue } from '../gguf/model.ts';
import { readGguf } from '../gguf/read.ts';
import { writeGguf } from '../gguf/write.ts';
import { randomNumbers } from '../tiny/random-numbers.ts';
import { tinyModel } from '../tiny/tiny-model.ts';

/** How many tokens begin a call: nine of ten. */
const COPIES = 2700;
const MARK = '<tool_call>';

/**
 * A tiny random language model that asks for calls of tools of its own accord: most of its tokens are the mark of a call.
 * Its template knows no tools.
 */
export function callingModel(context: number): Uint8Array<ArrayBuffer> {
  const { metadata, tensors } = readGguf(tinyModel({ context }));
  const tokens = metadata.get('tokenizer.ggml.tokens') as Extract<GgufValue, { type: 'array' }>;
  const types = metadata.get('tokenizer.ggml.token_type') as Extract<GgufValue, { type: 'array' }>;
  const size = tokens.values.length + COPIES;
  // 4: found in a text as a whole (llama.h, llama_token_type).
  const changed = new Map(metadata)
    .set('tokenizer.ggml.tokens', {
      ...tokens,
      values: [...tokens.values, ...Array(COPIES).fill(MARK)],
    } as GgufValue)
    .set('tokenizer.ggml.token_type', {
      ...types,
      values: [...types.values, ...Array(COPIES).fill(4)],
    } as GgufValue)
    .set('llama.vocab_size', { type: 'uint32', value: size });
  const embedding = tensors.get('token_embd.weight')!;
  const [width] = embedding.dims as [number];
  const next = randomNumbers(9);
  const more = Float32Array.from({ length: COPIES * width }, () => 0.4 * (2 * next() - 1));
  const data = Buffer.concat([embedding.data, new Uint8Array(more.buffer)]);
  return writeGguf({
    metadata: changed,
    tensors: new Map(tensors).set('token_embd.weight', { ...embedding, dims: [width, size], data }),
  });
}
