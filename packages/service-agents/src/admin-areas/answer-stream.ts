import type { CallEvent } from '@chorus/a2a';
import type { AskedEvent } from '@chorus/admin-api';
import { bigintAsText, explain } from '@chorus/protocol';

/**
 * The answer of an agent as server-sent events, read at the pace of the reader. A failure is its last event.
 * @param leave called when the reader leaves: the question is to be cancelled
 */
export function answerStream(
  events: AsyncGenerator<CallEvent>,
  leave: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const line = (event: AskedEvent) => encoder.encode(`data: ${JSON.stringify(event, bigintAsText)}\n\n`);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await events.next();
        if (next.done) controller.close();
        else controller.enqueue(line(toAsked(next.value)));
      } catch (error) {
        const { code, message, hint } = explain(error);
        controller.enqueue(line({ type: 'problem', code, message, hint }));
        controller.close();
      }
    },
    async cancel() {
      leave();
      await events.return(undefined).catch(() => undefined);
    },
  });
}

/** Files are named, and stay here. */
function toAsked(event: CallEvent): AskedEvent {
  if (event.type === 'citations') return { type: 'citations', citations: [...event.citations] };
  if (event.type !== 'file') return event;
  const { name, mediaType, bytes } = event.file;
  return { type: 'file', name, mediaType, bytes: bytes.length };
}
