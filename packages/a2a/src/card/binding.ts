import { ChorusError } from '@chorus/protocol';
import { identityOfHost, type NodeIdentity } from '../identity/did-key.ts';

/** Version of A2A that agents speak, as in cards and in the `A2A-Version` header. */
export const A2A_VERSION = '1.0';

/**
 * Names the custom protocol binding in a card (A2A 1.0, section 5.8): A2A's JSON-RPC binding over HTTP/1.1 on libp2p
 * streams. See docs/reference/a2a-over-libp2p.md.
 */
export const LIBP2P_BINDING = 'urn:chorus:a2a:http-over-libp2p:v1';

/** Names the extension in a card that says what a message costs: x402 version 2 over HTTP, status 402. */
export const PAYMENT_EXTENSION = 'urn:chorus:a2a:x402-over-http:v1';

/** What an agent's card accepts as payment: a list, if it is of Chorus; undefined if the card says nothing of it. */
export function promisedTerms({
  capabilities,
}: {
  capabilities?:
    | { extensions: readonly { uri: string; params?: Readonly<Record<string, unknown>> | undefined }[] }
    | undefined;
}): unknown {
  return capabilities?.extensions.find(({ uri }) => uri === PAYMENT_EXTENSION)?.params?.accepts;
}

/**
 * Where an agent keeps the receipts of a payment: below its base, as its protocols are.
 * @param url of the request that was paid for
 */
export const receiptUrl = (nonce: string, url: string): string => belowBase(`receipts/${nonce}`, url);

/** A place below an agent's base. @param url of its operations, or the base */
export function belowBase(path: string, url: string): string {
  // The last such part: an agent may be called rest, or restaurant.
  const base = /^(.*)\/(?:a2a|rest(?:\/.*)?)$/.exec(url)?.[1] ?? url.replace(/\/$/, '');
  return `${base}/${path}`;
}

/** Path of an agent's card below its base (A2A 1.0, section 8.2). */
export const CARD_PATH = '.well-known/agent-card.json';

/** Longest URL that is taken from a card or a caller. */
export const MAX_URL = 2_048;

/** A place at a peer: `libp2p://<k51...>/<path>`. */
export interface PeerUrl {
  identity: NodeIdentity;
  /** Begins with `/`. */
  path: string;
}

/** The URL of a path at a peer. */
export function peerUrl(host: string, path: string): string {
  return `libp2p://${host}${path.startsWith('/') ? path : `/${path}`}`;
}

/** @throws ChorusError `E_A2A_URL` */
export function parsePeerUrl(url: string): PeerUrl {
  const match = url.length <= MAX_URL ? /^libp2p:\/\/(k[0-9a-z]{40,78})(\/[^\s#]*)?$/.exec(url) : null;
  if (!match) {
    throw new ChorusError('E_A2A_URL', 'this is not the URL of an agent at a peer', {
      facts: { url: url.slice(0, 200) },
      hint: 'such URLs look like libp2p://k51.../agents/7/, with the peer id in base36',
    });
  }
  return { identity: identityOfHost(match[1]!), path: match[2] ?? '/' };
}
