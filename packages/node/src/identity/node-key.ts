import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateNetworkKey } from '@chorus/network';
import { ChorusError } from '@chorus/protocol';
import writeFileAtomic from 'write-file-atomic';
import { peerIdOfPublicKey, publicKeyOfPeerId } from './did.ts';

/** A node's libp2p key within its data folder: protobuf, readable only by its owner. */
export const NODE_KEY_FILE = 'network.key';

/** Protobuf of an Ed25519 private key: type 1, then 64 bytes, seed and public key. */
const HEADER = Uint8Array.of(0x08, 0x01, 0x12, 0x40);
const KEY_FILE_BYTES = 68;

/** The node's side of its identity. */
export interface NodeKey {
  /** The key as in the file, with which libp2p starts. */
  readonly bytes: Uint8Array;
  readonly peerId: string;
  /** The 32 bytes that both halves follow from. */
  readonly seed: Uint8Array;
  /** Ed25519 signature (64 bytes, RFC 8032). */
  sign(message: Uint8Array): Uint8Array;
}

/**
 * Read what {@link writeNewNodeKey} wrote.
 * @throws ChorusError `E_IDENTITY_NODE_KEY`
 */
export function parseNodeKey(bytes: Uint8Array): NodeKey {
  const isKey = bytes.length === KEY_FILE_BYTES && HEADER.every((byte, i) => bytes[i] === byte);
  if (!isKey) throw unusable('the file is not an Ed25519 key of libp2p');
  const seed = bytes.subarray(4, 36);
  const publicKey = bytes.subarray(36);
  const key = createPrivateKey({
    key: { kty: 'OKP', crv: 'Ed25519', d: base64url(seed), x: base64url(publicKey) },
    format: 'jwk',
  });
  // Derived from the seed again: a file whose halves do not belong together must not become an identity.
  const derived = createPublicKey(key).export({ format: 'jwk' }).x;
  if (derived !== base64url(publicKey)) throw unusable('its public half does not belong to its private half');
  return {
    bytes,
    peerId: peerIdOfPublicKey(publicKey),
    seed,
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

/** The node's key, or null if it has none yet. */
export async function readNodeKey(folder: string): Promise<NodeKey | null> {
  const path = join(folder, NODE_KEY_FILE);
  try {
    return parseNodeKey(new Uint8Array(await readFile(path)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (error instanceof ChorusError) throw error;
    throw new ChorusError('E_IDENTITY_NODE_KEY', 'cannot read the node key', {
      facts: { path },
      cause: error,
    });
  }
}

/** Create a node key in a folder, replacing an existing one. */
export async function writeNewNodeKey(folder: string): Promise<NodeKey> {
  const key = parseNodeKey(await generateNetworkKey());
  await writeFileAtomic(join(folder, NODE_KEY_FILE), Buffer.from(key.bytes), { mode: 0o600 });
  return key;
}

/** True if the owner of a peer id signed the message. */
export function isSignedByPeer(peerId: string, message: Uint8Array, signature: Uint8Array): boolean {
  const x = base64url(publicKeyOfPeerId(peerId));
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return signature.length === 64 && verify(null, message, key, signature);
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

function unusable(message: string): ChorusError {
  return new ChorusError('E_IDENTITY_NODE_KEY', `unusable node key: ${message}`, {
    facts: { file: NODE_KEY_FILE },
    hint: 'restore the file from a backup, or create a new one with `chorus keys rotate-node`',
  });
}
