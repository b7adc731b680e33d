/**
 * The same value, or the signal's reason if that comes first, even if the source does not listen to it.
 * @throws the signal's reason when aborted
 */
export async function unlessAborted<T>(value: Promise<T>, signal: AbortSignal): Promise<T> {
  // If the signal comes first, the source's own end is of no interest.
  value.catch(() => {});
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([value, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * The same events, ended by a signal even if their source does not listen to it.
 * @throws the signal's reason when aborted
 */
export async function* stoppable<T>(events: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = events[Symbol.asyncIterator]();
  const aborted = Promise.withResolvers<never>();
  // Awaited only while an event is; a signal after the last one is of no interest.
  aborted.promise.catch(() => {});
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let isDone = false;
  try {
    signal.throwIfAborted();
    while (true) {
      const next = iterator.next();
      // If the signal comes first, the source's own end is of no interest.
      next.catch(() => {});
      const { done, value } = await Promise.race([next, aborted.promise]);
      if (done) {
        isDone = true;
        return;
      }
      yield value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not awaited: a source that waits for something else would hold its caller.
    if (!isDone) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
