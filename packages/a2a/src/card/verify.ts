import { verify } from 'node:crypto';
import { AgentCard, canonicalizeAgentCard } from '@a2a-js/sdk';
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

const header = z.looseObject({ alg: z.literal('EdDSA'), kid: z.string().max(200) });

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
 * Check a card's signature (A2A 1.0, section 8.4.3): EdDSA by a did:key, and every libp2p interface is a place at
 * that very key. What the signature does not cover, fields that A2A does not know, is not in the result.
 * @throws ChorusError `E_A2A_CARD` for what is not a card, `E_A2A_CARD_SIGNATURE` for one whose signature does not
 *   hold
 */
export async function verifyCard(bytes: Uint8Array): Promise<VerifiedCard> {
  const card = parseCard(bytes);
  const signers = card.signatures.map(signerOf).filter((one) => one !== null);
  if (signers.length === 0) throw signatureError('the card is not signed with a did:key', {});
  // Not the SDK's verifier, which writes each failure to standard output.
  const payload = Buffer.from(canonicalizeAgentCard(card)).toString('base64url');
  for (const { protectedHeader, signature, identity } of signers) {
    const signed = Buffer.from(`${protectedHeader}.${payload}`);
    if (!verify(null, signed, identity.publicKey, Buffer.from(signature, 'base64url'))) continue;
    assertPlaces(card, identity);
    return { card, signer: identity };
  }
  throw signatureError('no signature of the card holds: it was altered, or signed with another key', {
    signer: signers[0]!.identity.did,
  });
}

interface Signer {
  protectedHeader: string;
  signature: string;
  identity: NodeIdentity;
}

function signerOf({ protected: encoded, signature }: AgentCard['signatures'][number]): Signer | null {
  try {
    const { kid } = header.parse(JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8')));
    return { protectedHeader: encoded, signature, identity: identityOfDid(kid.split('#')[0]!) };
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
