import { ChorusError } from '@chorus/protocol';
import { base58btc } from 'multiformats/bases/base58';

/** Multicodec `ed25519-pub` as a varint (did:key method, section "Signature Method Creation Algorithm"). */
const ED25519_PUB = Uint8Array.of(0xed, 0x01);

/**
 * An identity multihash (00) of 36 bytes (24 hex) that hold libp2p's protobuf of an Ed25519 key: field 1,
 * type 1; field 2, 32 bytes (libp2p peer-ids spec, section "Peer IDs").
 */
const PEER_ID_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);

const KEY_BYTES = 32;

/**
 * The Ed25519 public key (32 bytes) that a peer id (`12D3KooW...`) is made of.
 * @throws ChorusError `E_IDENTITY_PEER_ID`
 */
export function publicKeyOfPeerId(peerId: string): Uint8Array {
  let bytes = new Uint8Array();
  // A peer id of this kind has 52 characters; base58 takes quadratic time.
  if (peerId.length <= 64) {
    try {
      bytes = new Uint8Array(base58btc.baseDecode(peerId));
    } catch {
      // Refused below, like any other text that is not a peer id.
    }
  }
  const fits =
    bytes.length === PEER_ID_PREFIX.length + KEY_BYTES &&
    PEER_ID_PREFIX.every((byte, i) => bytes[i] === byte);
  if (fits) return bytes.subarray(PEER_ID_PREFIX.length);
  throw new ChorusError('E_IDENTITY_PEER_ID', 'this is not the peer id of an Ed25519 key', {
    facts: { given: peerId.slice(0, 64) },
  });
}

/** The peer id of an Ed25519 public key (32 bytes). */
export function peerIdOfPublicKey(key: Uint8Array): string {
  return base58btc.baseEncode(Buffer.concat([PEER_ID_PREFIX, key]));
}

/**
 * The DID of a node (`did:key:z6Mk...`): the same key as its peer id, so each follows from the other.
 * @throws ChorusError `E_IDENTITY_PEER_ID`
 */
export function didOfPeerId(peerId: string): string {
  return `did:key:${base58btc.encode(Buffer.concat([ED25519_PUB, publicKeyOfPeerId(peerId)]))}`;
}
