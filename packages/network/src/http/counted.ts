import { ChorusError } from '@chorus/protocol';

/**
 * The chunks of a body, until there are more bytes than allowed.
 * @throws ChorusError `E_NETWORK_TOO_LARGE`
 */
export async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
  what: 'request' | 'response',
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > limit) throw tooLarge(what, limit);
    yield chunk;
  }
}

export function tooLarge(what: 'request' | 'response', limit: number): ChorusError {
  return new ChorusError('E_NETWORK_TOO_LARGE', `the body of the ${what} is longer than allowed`, {
    facts: { limit },
    hint: 'send large files through storage, by their CID',
  });
}
