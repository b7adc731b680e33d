import { ChorusError } from '@chorus/protocol';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { type LooseEvent, type StreamedEvent, streamedDataSchema } from '../documents/events.ts';

/** Pauses between attempts to connect again, milliseconds. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;

/** The server sends a heartbeat well within this; a connection that is silent for longer is dead. */
const SILENCE_MILLISECONDS = 60_000;

export interface StreamOptions {
  /** Open the stream after the event with this id; throws ChorusError. */
  open(lastEventId: string | undefined, signal: AbortSignal): Promise<Response>;
  signal?: AbortSignal;
  lastEventId?: string;
  reconnect?: boolean;
}

/** Events of a stream (WHATWG HTML, server-sent events), reconnecting if it breaks. */
export async function* readEvents<E extends LooseEvent = LooseEvent>(
  options: StreamOptions,
): AsyncGenerator<StreamedEvent<E>> {
  const { open, signal, reconnect = true } = options;
  let { lastEventId } = options;
  let pause = FIRST_PAUSE;
  let connected = false;
  while (!signal?.aborted) {
    const connection = new AbortController();
    const either = signal ? AbortSignal.any([signal, connection.signal]) : connection.signal;
    try {
      const response = await open(lastEventId, either);
      connected = true;
      pause = FIRST_PAUSE;
      for await (const streamed of eventsOf<E>(response, connection)) {
        lastEventId = streamed.id;
        yield streamed;
      }
    } catch (error) {
      if (signal?.aborted) return;
      // A retry does not change a refusal, but can repair a broken connection.
      const refused = error instanceof ChorusError && error.code !== 'E_ADMIN_UNREACHABLE';
      if (connected && !reconnect && !refused) throw broken(error);
      if (!connected || refused) throw error;
    } finally {
      connection.abort();
    }
    if (!reconnect) return;
    await sleep(pause, signal);
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  }
}

function broken(cause: unknown): ChorusError {
  return new ChorusError('E_ADMIN_UNREACHABLE', 'the connection to the node broke, or the node went silent', {
    facts: { seconds: SILENCE_MILLISECONDS / 1000 },
    hint: 'check that it runs: `chorus status`',
    cause,
  });
}

async function* eventsOf<E extends LooseEvent>(
  response: Response,
  connection: AbortController,
): AsyncGenerator<StreamedEvent<E>> {
  if (!response.body) return;
  let silent: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(silent);
    silent = setTimeout(() => connection.abort(new Error('the stream went silent')), SILENCE_MILLISECONDS);
  };
  alive();
  const messages = response.body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(new EventSourceParserStream({ onComment: alive }));
  try {
    for await (const message of messages) {
      alive();
      const parsed = streamedDataSchema.safeParse(parseJson(message.data));
      if (parsed.success && message.id !== undefined) {
        yield { id: message.id, ...(parsed.data as Pick<StreamedEvent<E>, 'at' | 'event'>) };
      }
    }
  } finally {
    clearTimeout(silent);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal?.addEventListener('abort', finish, { once: true });
    if (signal?.aborted) finish();
  });
}
