import type { Address } from '@chorus/protocol';

/** Number of tokens of which one fact is cached. */
const MAX_TOKENS = 1_000;

/** A fact of tokens that never changes, read once of each. One that is missing (null), or could not be read, is read again. */
export function oncePerToken<T>(ask: (token: Address) => Promise<T>): (token: Address) => Promise<T> {
  /** By token in lower case. */
  const known = new Map<string, Promise<T>>();
  return (token) => {
    const key = token.toLowerCase();
    const before = known.get(key);
    if (before) return before;
    const asked = ask(token);
    if (known.size >= MAX_TOKENS) known.clear();
    known.set(key, asked);
    const forget = () => {
      if (known.get(key) === asked) known.delete(key);
    };
    asked.then((answer) => answer === null && forget(), forget);
    return asked;
  };
}
