/** Interval of comments: a connection on which nothing moves is taken for dead by whatever lies between. */
const HEARTBEAT_MS = 15_000;

/** What a reader may be behind. One that reads nothing must not keep an agent's place. */
const MAX_BEHIND_BYTES = 1024 * 1024;

const encoder = new TextEncoder();

export interface EventStreamOptions {
  /** Each value has a `type`, which names its event; the last value ends the stream, without `[DONE]`. */
  isNamed: boolean;
  /** The object that a client is sent when the answer fails on its way. */
  toError: (error: unknown) => object;
  /** Called when the client left, or is too far behind. */
  onLeave: () => void;
}

/**
 * Server-sent events of an answer, then `[DONE]` unless they have names; a failure is an event `error`, then the end. The answer is read at its
 * own speed, not at the client's.
 *
 * @throws what `values` throws before the first value, if that does not take long
 */
export async function eventStream(
  values: AsyncGenerator<object>,
  { isNamed, toError, onLeave }: EventStreamOptions,
): Promise<Response> {
  const first = values.next();
  await orLate(first);
  // Null when no one reads any more.
  const to: { reader: ReadableStreamDefaultController<Uint8Array> | null } = { reader: null };
  let heartbeat: NodeJS.Timeout | undefined;
  const end = () => {
    clearInterval(heartbeat);
    to.reader?.close();
    to.reader = null;
  };
  const tell = (event: string) => {
    if (!to.reader) return;
    to.reader.enqueue(encoder.encode(`${event}\n\n`));
    if ((to.reader.desiredSize ?? 0) >= 0) return;
    end();
    onLeave();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        to.reader = controller;
        heartbeat = setInterval(() => tell(': the agent is at work'), HEARTBEAT_MS);
      },
      cancel: () => {
        to.reader = null;
        end();
        onLeave();
      },
    },
    { highWaterMark: MAX_BEHIND_BYTES, size: ({ byteLength }) => byteLength },
  );
  void (async () => {
    try {
      for (let next = await first; !next.done && to.reader; next = await values.next()) {
        const name = isNamed ? `event: ${(next.value as { type: string }).type}\n` : '';
        tell(`${name}data: ${JSON.stringify(next.value)}`);
      }
      if (!isNamed) tell('data: [DONE]');
    } catch (error) {
      tell(`event: error\ndata: ${JSON.stringify(toError(error))}`);
    }
    end();
    await values.return(undefined).catch(() => {});
  })();
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    },
  });
}

/** Resolves when the promise does, or after a while. */
async function orLate(promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, HEARTBEAT_MS);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
