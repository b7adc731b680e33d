import { EventSourceParserStream } from 'eventsource-parser/stream';
import { type AskedEvent, askedEventSchema } from '../documents/asked.ts';

/** The parts of an agent's answer, as they arrive. Types that this version does not know are left out. */
export async function* readAnswer(response: Response): AsyncGenerator<AskedEvent> {
  if (!response.body) return;
  const messages = response.body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(new EventSourceParserStream());
  for await (const { data } of messages) {
    const parsed = askedEventSchema.safeParse(JSON.parse(data));
    if (parsed.success) yield parsed.data;
  }
}
