import { sign as signBytes, verify } from 'node:crypto';
import { identityOfPeerId, keysOfSeed } from '@chorus/a2a/names';
import { decodeStrict } from '@chorus/protocol';
import { encode } from 'cborg';
import { z } from 'zod';
import type { AgentRegistry } from '../registry/registry.ts';

const SIGNATURE_BYTES = 64;

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');
const envelopeSchema = z.tuple([
  bytes,
  bytes.refine((signature) => signature.length === SIGNATURE_BYTES, 'must have 64 bytes'),
]);

/** What the node's key signs: a text that no other protocol signs, for one registry of one chain. */
function signedBytes(purpose: string, { chainId, address }: AgentRegistry, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${purpose}\n${chainId}\n${address.toLowerCase()}\n`), body]);
}

/**
 * A message of a node as bytes, signed by its key, so that others can pass it on or show it as evidence.
 * @param purpose what it is, such as `chorus/agent-beacon/1`: no message of one kind counts as another
 * @param body in CBOR, whose key `peer` is the node's peer id
 * @param seed the node's Ed25519 seed, 32 bytes
 */
export function signMessage(
  purpose: string,
  registry: AgentRegistry,
  body: object & { peer: string },
  seed: Uint8Array,
): Uint8Array {
  const encoded = encode(body);
  const signature = signBytes(null, signedBytes(purpose, registry, encoded), keysOfSeed(seed).privateKey);
  return encode([encoded, new Uint8Array(signature)]);
}

/**
 * Read such a message.
 * @returns its body, and whether the key of the peer that it names signed it for this purpose and registry
 * @throws Error if its form is wrong
 */
export function openMessage<T extends { peer: string }>(
  purpose: string,
  registry: AgentRegistry,
  message: Uint8Array,
  schema: z.ZodType<T>,
): { body: T; isSigned: boolean } {
  const [signed, signature] = envelopeSchema.parse(decodeStrict(message));
  const body = schema.parse(decodeStrict(signed));
  const { publicKey } = identityOfPeerId(body.peer);
  return { body, isSigned: verify(null, signedBytes(purpose, registry, signed), publicKey, signature) };
}
