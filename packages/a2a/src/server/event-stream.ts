/** Interval of comments in an event stream: they show that the connection is alive while the agent works. */
const HEARTBEAT_MS = 15_000;
const HEARTBEAT = new TextEncoder().encode(': the agent is at work\n\n');
const encoder = new TextEncoder();

export interface EventStreamOptions<T> {
  toText: (value: T) => unknown;
  toError: (error: unknown) => unknown;
  /** What a slow reader may be behind. */
  maxBehindBytes: number;
  /** Whether the events count without a reader: their reading is what stores them. */
  drain: boolean;
  onEnd: () => void;
  /** Ends the stream. */
  closing: AbortSignal;
}

/**
 * Server-sent events of what a generator yields. The generator is read at its own speed, not the client's: a slow
 * client must not delay the task or make its events pile up. A client that falls too far behind is disconnected, and
 * may subscribe again.
 *
 * @throws what the generator throws before its first value
 */
export async function eventStream<T>(
  values: AsyncGenerator<T>,
  options: EventStreamOptions<T>,
): Promise<Response> {
  let first: IteratorResult<T>;
  try {
    first = await values.next();
  } catch (error) {
    options.onEnd();
    throw error;
  }
  let reader: ReadableStreamDefaultController<Uint8Array> | null = null;
  let heartbeat: NodeJS.Timeout | undefined;
  const leave = () => {
    if (!reader) return;
    reader = null;
    clearInterval(heartbeat);
    options.closing.removeEventListener('abort', cut);
    options.onEnd();
    if (!options.drain) void values.return(undefined).catch(() => undefined);
  };
  const cut = () => {
    reader?.close();
    leave();
  };
  const tell = (event: string, value: unknown) => {
    if (!reader) return;
    reader.enqueue(encoder.encode(`${event}data: ${JSON.stringify(value)}\n\n`));
    if ((reader.desiredSize ?? 0) < 0) cut();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        reader = controller;
        heartbeat = setInterval(() => reader?.enqueue(HEARTBEAT), HEARTBEAT_MS);
        options.closing.addEventListener('abort', cut, { once: true });
      },
      cancel: leave,
    },
    { highWaterMark: options.maxBehindBytes, size: (chunk) => chunk.byteLength },
  );
  void (async () => {
    try {
      for (let next = first; !next.done; next = await values.next()) {
        tell('', options.toText(next.value));
        if (!reader && !options.drain) break;
      }
    } catch (error) {
      tell('event: error\n', options.toError(error));
    }
    cut();
  })();
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    },
  });
}

/** Time after which an answer that is still to come is begun with white space. */
const PATIENCE_MS = 20_000;

/**
 * The JSON that an answer will be. If it takes long, the response begins with spaces, which JSON allows: a connection
 * on which nothing moves is taken for dead by whatever lies between.
 */
export async function patientJson(
  answer: Promise<Response>,
  headers: Record<string, string>,
): Promise<Response> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), PATIENCE_MS);
  });
  const response = await Promise.race([answer, late]);
  clearTimeout(timer);
  if (response) return response;
  let beat: NodeJS.Timeout | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const space = () => controller.enqueue(encoder.encode(' '));
      space();
      beat = setInterval(space, PATIENCE_MS);
      answer
        .then((done) => done.arrayBuffer())
        .then((bytes) => {
          clearInterval(beat);
          controller.enqueue(new Uint8Array(bytes));
          controller.close();
        })
        // The reader has left.
        .catch(() => clearInterval(beat));
    },
    cancel: () => clearInterval(beat),
  });
  return new Response(body, { headers });
}
