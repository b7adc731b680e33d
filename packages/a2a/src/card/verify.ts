import { AgentCard, verifyAgentCardSignature } from '@a2a-js/sdk';
import { ChorusError, reasonOf } from '@chorus/protocol';
import { z } from 'zod';
import { identityOfDid, type NodeIdentity } from '../identity/did-key.ts';
import { MAX_URL, parsePeerUrl } from './binding.ts';

/** A card's JSON. Real ones have a few KiB; a signature of a larger one would cost time before it says anything. */
export const MAX_CARD_BYTES = 64 * 1024;

const MAX_INTERFACES = 16;
const MAX_SIGNATURES = 8;
const MAX_SKILLS = 100;

/** What is checked of a card before A2A's own types read it: sizes, and the kinds of what is used here. */
const cardShape = z.looseObject({
  name: z.string().min(1).max(200),
  description: z.string().max(10_000).optional(),
  version: z.string().max(100).optional(),
  supportedInterfaces: z
    .array(
      z.looseObject({
        url: z.string().max(MAX_URL),
        protocolBinding: z.string().max(200),
        protocolVersion: z.string().max(20),
      }),
    )
    .min(1)
    .max(MAX_INTERFACES),
  skills: z
    .array(z.looseObject({ id: z.string().max(200) }))
    .max(MAX_SKILLS)
    .optional(),
  signatures: z
    .array(z.looseObject({ protected: z.string().max(2_000), signature: z.string().max(200) }))
    .max(MAX_SIGNATURES)
    .optional(),
});

const protectedHeader = z.looseObject({ alg: z.literal('EdDSA'), kid: z.string().max(200) });

/** A card whose signature holds. */
export interface VerifiedCard {
  card: AgentCard;
  /** Whose key signed it: the node that every libp2p interface of the card names. */
  signer: NodeIdentity;
}

/**
 * Parse a card.
 * @throws ChorusError `E_A2A_CARD`
 */
export function parseCard(bytes: Uint8Array): AgentCard {
  if (bytes.length > MAX_CARD_BYTES) {
    throw cardError('the card is too long', { bytes: bytes.length, limit: MAX_CARD_BYTES });
  }
  try {
    const json = cardShape.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
    return AgentCard.fromJSON(json);
  } catch (cause) {
    throw cardError('this is not an A2A card', { cause: reasonOf(cause) }, cause);
  }
}

/**
 * Check a card's signature (A2A 1.0, section 8.4.3): EdDSA by a did:key, and every libp2p interface is a place at that very key. What the
 * signature does not cover, fields that A2A does not know, is not in the result.
 * @throws ChorusError `E_A2A_CARD` for what is not a card, `E_A2A_CARD_SIGNATURE` for one whose signature does not hold
 */
export async function verifyCard(bytes: Uint8Array): Promise<VerifiedCard> {
  const card = parseCard(bytes);
  const signers = card.signatures
    .map((signature) => signerOf(signature.protected))
    .filter((one) => one !== null);
  if (signers.length === 0) throw signatureError('the card is not signed with a did:key', {});
  for (const { kid, identity } of signers) {
    const holds = await verifyAgentCardSignature(async (asked) => {
      if (asked !== kid) throw new Error('another key');
      return identity.publicKey;
    })(card).then(
      () => true,
      () => false,
    );
    if (!holds) continue;
    assertPlaces(card, identity);
    return { card, signer: identity };
  }
  throw signatureError('no signature of the card holds: it was altered, or signed with another key', {
    signer: signers[0]!.identity.did,
  });
}

function signerOf(encoded: string): { kid: string; identity: NodeIdentity } | null {
  try {
    const { kid } = protectedHeader.parse(JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8')));
    return { kid, identity: identityOfDid(kid.split('#')[0]!) };
  } catch {
    return null;
  }
}

function assertPlaces(card: AgentCard, signer: NodeIdentity): void {
  for (const { url } of card.supportedInterfaces) {
    if (url.startsWith('libp2p:') && parsePeerUrl(url).identity.peerId !== signer.peerId) {
      throw signatureError('the card names another peer than the one that signed it', {
        signer: signer.did,
        url: url.slice(0, 200),
      });
    }
  }
}

function cardError(message: string, facts: Record<string, string | number>, cause?: unknown): ChorusError {
  return new ChorusError('E_A2A_CARD', message, { facts, cause });
}

function signatureError(message: string, facts: Record<string, string>): ChorusError {
  return new ChorusError('E_A2A_CARD_SIGNATURE', message, {
    facts,
    hint: 'do not call this agent; ask its owner for the address of its card',
  });
}
