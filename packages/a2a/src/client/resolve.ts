import type { AgentCard } from '@a2a-js/sdk';
import { ChorusError } from '@chorus/protocol';
import { CARD_PATH, LIBP2P_BINDING, parsePeerUrl } from '../card/binding.ts';
import { MAX_CARD_BYTES, parseCard, verifyCard } from '../card/verify.ts';
import type { NodeIdentity } from '../identity/did-key.ts';
import type { Transport } from './transport.ts';

/** An agent whose card was read. */
export interface ResolvedAgent {
  card: AgentCard;
  /** The bytes of the card as they were served. */
  bytes: Uint8Array;
  /** Whose key signed the card; null for an unsigned one that was allowed. */
  signer: NodeIdentity | null;
  /** Where it is called. */
  endpoint: { url: string; binding: 'JSONRPC' | 'HTTP+JSON' };
}

/**
 * Read and check an agent's card, and choose where to call it: at a peer, only there, and only what this very peer
 * signed; over http(s), only at the card's own origin. A card that names other hosts would make its reader call them
 * on a stranger's word.
 *
 * @param target base or card URL: `https://host/agents/7/`, `libp2p://k51.../agents/7/`
 * @throws ChorusError `E_A2A_CARD`, `E_A2A_CARD_SIGNATURE`, `E_A2A_URL`, and those of the transport
 */
export async function resolveAgent(
  target: string,
  transport: Transport,
  { allowUnsigned = false }: { allowUnsigned?: boolean } = {},
): Promise<ResolvedAgent> {
  const url = cardUrl(target);
  const response = await transport.send(url, { headers: { 'a2a-version': '1.0' } }, MAX_CARD_BYTES);
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => undefined);
    throw new ChorusError('E_A2A_CARD', 'there is no card', {
      facts: { url: url.slice(0, 200), status: response.status },
      hint: 'check the address of the agent',
    });
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  const signed = await verifyCard(bytes).catch((error: unknown) => {
    if (!allowUnsigned || parseCard(bytes).signatures.length > 0) throw error;
    return { card: parseCard(bytes), signer: null };
  });
  return { ...signed, bytes, endpoint: endpointOf(signed.card, signed.signer, url) };
}

/** The card's URL below a base, or the card's URL itself. */
function cardUrl(target: string): string {
  if (target.endsWith(`/${CARD_PATH}`)) return target;
  return `${target.endsWith('/') ? target : `${target}/`}${CARD_PATH}`;
}

function endpointOf(card: AgentCard, signer: NodeIdentity | null, cardAt: string): ResolvedAgent['endpoint'] {
  const usable = card.supportedInterfaces.filter(({ protocolVersion }) => protocolVersion === '1.0');
  if (cardAt.startsWith('libp2p:')) {
    const { identity } = parsePeerUrl(cardAt);
    if (signer?.peerId !== identity.peerId) {
      throw new ChorusError('E_A2A_CARD_SIGNATURE', 'the card at this peer is signed by another one', {
        facts: { peer: identity.peerId, signer: signer?.peerId },
        hint: 'do not call this agent; ask its owner for the address of its card',
      });
    }
    const found = usable.find(({ protocolBinding }) => protocolBinding === LIBP2P_BINDING);
    if (found) return { url: found.url, binding: 'JSONRPC' };
  } else {
    const { origin } = new URL(cardAt);
    for (const binding of ['JSONRPC', 'HTTP+JSON'] as const) {
      const found = usable.find(
        ({ url, protocolBinding }) =>
          protocolBinding === binding && URL.canParse(url) && new URL(url).origin === origin,
      );
      if (found) return { url: found.url, binding };
    }
  }
  throw new ChorusError('E_A2A_CARD', 'the card names no place to call that this node speaks', {
    facts: {
      interfaces: card.supportedInterfaces
        .map(({ protocolBinding }) => protocolBinding)
        .join(' ')
        .slice(0, 200),
    },
    hint: 'A2A 1.0 by JSON-RPC or HTTP+JSON at the origin of its card, or over libp2p at the peer that signed it',
  });
}
