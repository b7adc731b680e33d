import type { EmbeddingEvent } from '@chorus/protocol';

/**
 * A whole answer as a list of `embedding`s.
 *
 * @param format `base64`: the numbers as float32 in the order of their bytes from the lowest
 * @throws what the agent throws
 */
export async function toVectorList(
  model: string,
  events: AsyncIterable<EmbeddingEvent>,
  format: 'float' | 'base64',
): Promise<object> {
  const data: object[] = [];
  for await (const event of events) {
    if (event.type === 'completed') {
      const tokens = event.usage.inputTokens;
      const usage = tokens === null ? {} : { usage: { prompt_tokens: tokens, total_tokens: tokens } };
      return { object: 'list', data, model, ...usage };
    }
    for (const vector of event.vectors) {
      const embedding = format === 'base64' ? littleEndian(vector).toString('base64') : Array.from(vector);
      data.push({ object: 'embedding', index: data.length, embedding });
    }
  }
  throw new Error('the agent ended without an answer');
}

function littleEndian(vector: Float32Array): Buffer {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * 4);
  return bytes;
}
