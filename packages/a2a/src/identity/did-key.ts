import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { ChorusError } from '@chorus/protocol';
import { base36 } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';

/** Multicodec `ed25519-pub` as a varint (did:key method, section "Signature Method Creation Algorithm"). */
const ED25519_PUB = Uint8Array.of(0xed, 0x01);

/** libp2p's protobuf of an Ed25519 public key in an identity multihash (libp2p peer-ids spec, section "Peer IDs"). */
const PEER_ID_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);

/** CID version 1 and multicodec `libp2p-key`, before the multihash. */
const CID_PREFIX = Uint8Array.of(0x01, 0x72);

const KEY_BYTES = 32;
/** Longest text of a key in any of these forms; decoding base58 takes quadratic time. */
const MAX_TEXT = 80;

/** An Ed25519 public key in the forms that A2A and libp2p name it by. */
export interface NodeIdentity {
  /** `did:key:z6Mk...` */
  did: string;
  /** `12D3KooW...` */
  peerId: string;
  /** `k51...`: the peer id as the host of a URL, which is lower-cased. */
  host: string;
  publicKey: KeyObject;
}

function identityOf(key: Uint8Array): NodeIdentity {
  const peer = Buffer.concat([PEER_ID_PREFIX, key]);
  const x = Buffer.from(key).toString('base64url');
  return {
    did: `did:key:${base58btc.encode(Buffer.concat([ED25519_PUB, key]))}`,
    peerId: base58btc.baseEncode(peer),
    host: base36.encode(Buffer.concat([CID_PREFIX, peer])),
    publicKey: createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }),
  };
}

/** The key after a prefix, or an error that names what was given. */
function keyAfter(prefix: Uint8Array, decode: () => Uint8Array, given: string, what: string): Uint8Array {
  try {
    if (given.length > MAX_TEXT) throw new Error('too long');
    const bytes = decode();
    const fits = bytes.length === prefix.length + KEY_BYTES && prefix.every((byte, i) => bytes[i] === byte);
    if (fits) return bytes.subarray(prefix.length);
  } catch {
    // Refused below, like whatever else is not a key.
  }
  throw new ChorusError('E_A2A_KEY', `this is not ${what} of an Ed25519 key`, {
    facts: { given: given.slice(0, MAX_TEXT) },
  });
}

/** @throws ChorusError `E_A2A_KEY` */
export function identityOfDid(did: string): NodeIdentity {
  const text = did.startsWith('did:key:') ? did.slice('did:key:'.length) : '';
  return identityOf(keyAfter(ED25519_PUB, () => base58btc.decode(text), did, 'a did:key'));
}

/** @throws ChorusError `E_A2A_KEY` */
export function identityOfPeerId(peerId: string): NodeIdentity {
  return identityOf(keyAfter(PEER_ID_PREFIX, () => base58btc.baseDecode(peerId), peerId, 'the peer id'));
}

/** @throws ChorusError `E_A2A_KEY` */
export function identityOfHost(host: string): NodeIdentity {
  const prefix = Buffer.concat([CID_PREFIX, PEER_ID_PREFIX]);
  return identityOf(keyAfter(prefix, () => base36.decode(host), host, 'the peer id in base36'));
}

/**
 * The key pair of an Ed25519 seed (32 bytes, RFC 8032, section 5.1.5), as a node keeps it.
 * @throws ChorusError `E_A2A_KEY`
 */
export function keysOfSeed(seed: Uint8Array): NodeIdentity & { privateKey: KeyObject } {
  if (seed.length !== KEY_BYTES) {
    throw new ChorusError('E_A2A_KEY', 'an Ed25519 seed has 32 bytes', { facts: { bytes: seed.length } });
  }
  // PKCS #8 of an Ed25519 key is this prefix and the seed (RFC 8410, section 7).
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  const privateKey = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { ...identityOf(Buffer.from(x!, 'base64url')), privateKey };
}
