import { ContentTypeNotSupportedError, RequestMalformedError } from '@a2a-js/sdk/errors';
import { ChorusError } from '@chorus/protocol';

/** Deeper JSON is not from an honest client, and recursion over it would end the stack. */
const MAX_DEPTH = 64;

/**
 * The JSON of a request's body.
 * @throws ChorusError `E_A2A_TOO_LARGE`; ContentTypeNotSupportedError; RequestMalformedError; SyntaxError if it is
 *   not JSON
 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const type = request.headers.get('content-type')?.replace(/;.*/s, '').trim().toLowerCase();
  if (type !== undefined && type !== 'application/json' && type !== 'application/a2a+json') {
    throw new ContentTypeNotSupportedError('the body is application/json or application/a2a+json');
  }
  const tooLarge = () =>
    new ChorusError('E_A2A_TOO_LARGE', `a request may have ${maxBytes} bytes`, {
      facts: { limit: maxBytes },
    });
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  assertShallow(json);
  return json;
}

function assertShallow(json: unknown): void {
  let level = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw new RequestMalformedError(`JSON may be ${MAX_DEPTH} levels deep`);
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
  }
}
