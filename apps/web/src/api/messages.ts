import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** The server-sent events of an answer, until it ends or breaks. */
export async function* messagesOf(response: Response): AsyncGenerator<EventSourceMessage> {
  if (!response.body) return;
  const waiting: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => waiting.push(message) });
  const decoder = new TextDecoder();
  // Not `for await`: older browsers cannot iterate a stream.
  const reader = response.body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parser.feed(decoder.decode(part.value, { stream: true }));
      yield* waiting.splice(0);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
