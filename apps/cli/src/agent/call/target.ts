import { ChorusError } from '@chorus/protocol';

/** The address of an agent, as a user has typed it. */
export type Target =
  | { kind: 'http'; url: string }
  /**
   * An agent at a libp2p peer; `address` says where the peer is, null if the network has to find it, for which
   * `addresses` are hints.
   */
  | { kind: 'peer'; peer: string; path: string; address: string | null; addresses?: readonly string[] };

/** `libp2p://PEER/PATH`, as in cards. */
const PEER_URL = /^libp2p:\/\/([^/?#\s]+)(\/[^?#\s]*)?$/;

/** A multiaddr that ends in the peer, also through a relay, and the path of the agent: `/ip4/.../p2p/PEER/PATH`. */
const PEER_ADDRESS = /^((?:\/[^?#\s]*?)?\/p2p\/[^/?#\s]+(?:\/p2p-circuit\/p2p\/[^/?#\s]+)?)(\/[^?#\s]*)?$/;

/**
 * Reads the address of an agent. Whether its peer id is a whole one is checked when the network is opened.
 * @throws ChorusError `E_USAGE`
 */
export function parseTarget(text: string): Target {
  const url = PEER_URL.exec(text);
  if (url) return { kind: 'peer', peer: url[1]!, path: url[2] ?? '/', address: null };
  const at = PEER_ADDRESS.exec(text);
  if (at) {
    const [, address, path = '/'] = at as unknown as [string, string, string?];
    const peer = address.slice(address.lastIndexOf('/') + 1);
    return { kind: 'peer', peer, path, address: address === `/p2p/${peer}` ? null : address };
  }
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) throw notATarget(text);
  const { href, search, hash, username, password } = new URL(text);
  // The path of the card is added to it, and a password would be shown.
  if (search || hash || username || password)
    throw notATarget(text.split(/[?#]/)[0]!.replace(/\/\/.*@/, '//'));
  return { kind: 'http', url: href };
}

function notATarget(given: string): ChorusError {
  return new ChorusError('E_USAGE', 'this is not the address of an agent', {
    facts: { given: given.slice(0, 200) },
    hint: 'give https://HOST/PATH/, libp2p://PEER/PATH/, /p2p/PEER/PATH/ or /ip4/ADDRESS/tcp/PORT/p2p/PEER/PATH/',
  });
}
