import { ChorusError } from '@chorus/protocol';
import {
  generateKeyPair,
  generateKeyPairFromSeed,
  privateKeyFromProtobuf,
  privateKeyToProtobuf,
} from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';

/**
 * A fresh Ed25519 node key, as the bytes to keep in a file (protobuf, 68 bytes; libp2p peer-ids spec, section
 * "Keys"). Anyone who reads them can act as this node.
 */
export async function generateNetworkKey(): Promise<Uint8Array> {
  return privateKeyToProtobuf(await generateKeyPair('Ed25519'));
}

/**
 * The peer id that a node with this key has, without starting one.
 * @throws ChorusError `E_NETWORK_KEY`
 */
export async function peerIdOfKey(key: Uint8Array): Promise<string> {
  return peerIdFromPrivateKey(await readNetworkKey(key)).toString();
}

/**
 * Read a key: the bytes of {@link generateNetworkKey}, or a raw 32-byte Ed25519 seed.
 * @throws ChorusError `E_NETWORK_KEY`
 */
export async function readNetworkKey(key: Uint8Array): Promise<PrivateKey> {
  try {
    if (key.length === 32) return await generateKeyPairFromSeed('Ed25519', key);
    const parsed = privateKeyFromProtobuf(key);
    if (parsed.type !== 'Ed25519') throw new Error(`the key is ${parsed.type}`);
    return parsed;
  } catch (cause) {
    // The cause never holds key bytes: only their length is a fact.
    throw new ChorusError('E_NETWORK_KEY', 'this is not an Ed25519 node key', {
      facts: { bytes: key.length },
      hint: 'pass what generateNetworkKey returned, or a 32-byte seed',
      cause,
    });
  }
}
