import type { Stream } from '@libp2p/interface';

/** The replacement for an ended stream. */
const OVER = { status: 'closed', abort: () => {}, close: async () => {} };

/**
 * Wraps a stream while it lasts: once it has closed, the wrapper holds almost no memory.
 *
 * For @helia/bitswap (4.0), which never takes its listener off the timeout of a message that has arrived: until that
 * runs out, three minutes here, the listener held the stream with all its listeners, some 12 KB for every message.
 */
export function abortStream(stream: Stream): Stream {
  let held: object = stream;
  // Not at once: listeners for the end, and readers, go first.
  const forget = () => setImmediate(() => (held = OVER));
  stream.addEventListener('close', forget, { once: true });
  return new Proxy(OVER as unknown as Stream, {
    get(_, name) {
      const value: unknown = Reflect.get(held, name, held);
      return typeof value === 'function' ? value.bind(held) : value;
    },
  });
}
