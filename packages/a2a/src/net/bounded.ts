import { ChorusError } from '@chorus/protocol';

/** The response, whose body fails after this number of bytes. */
export function boundedResponse(response: Response, maxBytes: number): Response {
  if (!response.body) return response;
  let bytes = 0;
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.length;
        if (bytes <= maxBytes) return controller.enqueue(chunk);
        controller.error(
          new ChorusError('E_A2A_TOO_LARGE', 'the agent answers more than is read', {
            facts: { limit: maxBytes },
          }),
        );
      },
    }),
  );
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
