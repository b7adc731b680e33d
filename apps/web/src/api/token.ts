/** Where the token is kept: for this tab alone, until it is closed. */
const KEY = 'chorus-token';

/** What of a browser is needed to take the token out of the address. */
export interface Place {
  location: Pick<Location, 'hash' | 'pathname'>;
  history: Pick<History, 'replaceState'>;
  storage: Pick<Storage, 'getItem' | 'setItem'>;
}

/**
 * The token of the node's owner: from the fragment of the address, where `chorus open` puts it, else from before. The
 * fragment is replaced, so that the token stays neither in the address bar nor in the history.
 */
export function takeToken({ location, history, storage }: Place): string | null {
  const given = /^#token=([^&]+)$/.exec(location.hash)?.[1];
  if (given === undefined) return storage.getItem(KEY);
  history.replaceState(null, '', `${location.pathname}#/`);
  const token = decoded(given);
  if (token !== null) storage.setItem(KEY, token);
  return token;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
