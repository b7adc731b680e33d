import { useEffect, useState } from 'preact/hooks';
import { type Failure, toFailure } from '../api/failure.ts';
import { turn } from './node.ts';

export interface Loaded<T> {
  /** What was read last; null until something was. */
  data: T | null;
  failure: Failure | null;
}

/**
 * Read something from the node, and again when it is old. An answer that comes late for what is no longer asked is
 * dropped.
 * @param about what is asked; another value asks for something else
 * @param again whether it may become old; by default yes
 */
export function useLoad<T>(read: () => Promise<T>, about: string, again = true): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T> & { about: string }>({ data: null, failure: null, about });
  const current = again ? turn.value : 0;
  // Not `read`, which is another function at each rendering: `about` names what it reads.
  useEffect(() => {
    let dropped = false;
    read().then(
      (data) => dropped || setLoaded({ data, failure: null, about }),
      (error: unknown) =>
        dropped ||
        setLoaded((before) => ({
          data: before.about === about ? before.data : null,
          failure: toFailure(error),
          about,
        })),
    );
    return () => {
      dropped = true;
    };
  }, [about, current]);
  return loaded.about === about ? loaded : { data: null, failure: null };
}
