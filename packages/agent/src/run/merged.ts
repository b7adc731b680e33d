/**
 * The events of several sources as they come, some sources at a time. If one fails, or the reader leaves, the others
 * are ended.
 *
 * @param count sources, numbered from 0
 * @param atOnce most that are read at the same time
 * @throws what a source throws
 */
export async function* merged<T>(
  count: number,
  atOnce: number,
  open: (source: number) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  type Next = { source: AsyncGenerator<T>; result: IteratorResult<T> };
  const running = new Map<AsyncGenerator<T>, Promise<Next>>();
  const read = (source: AsyncGenerator<T>) => {
    const next = source.next().then((result) => ({ source, result }));
    // If another one fails first, this one's failure is of no interest.
    next.catch(() => {});
    running.set(source, next);
  };
  let begun = 0;
  try {
    while (true) {
      while (begun < count && running.size < atOnce) read(open(begun++));
      if (running.size === 0) return;
      const { source, result } = await Promise.race(running.values());
      running.delete(source);
      if (result.done) continue;
      // Before its event is given away: a reader that leaves with it ends this source too.
      read(source);
      yield result.value;
    }
  } finally {
    // Not awaited: one that waits for something else would hold its reader.
    for (const source of running.keys()) void source.return(undefined).catch(() => {});
  }
}
