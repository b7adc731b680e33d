import { publicKeyOfPeerId } from '@chorus/node';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bech32 } from '@scure/base';

/**
 * A member's key for encryption is its libp2p key in another form: Ed25519 and X25519 are one curve written twice.
 * The
 * same key signing and agreeing on secrets is sound (Thormarker 2021, "On using the same key pair for Ed25519 and an
 * X25519 based KEM"), and age does so with SSH keys.
 */

/** age's name for the holder of a peer id; null if the id has no key that can be encrypted to. */
export function recipientOf(peerId: string): string | null {
  try {
    const key = publicKeyOfPeerId(peerId);
    // A point of small order would make the shared secret public.
    const point = ed25519.Point.fromBytes(key);
    if (point.isSmallOrder() || !point.isTorsionFree()) return null;
    return bech32.encodeFromBytes('age', ed25519.utils.toMontgomery(key));
  } catch {
    return null;
  }
}

/** age's form of the secret key of an Ed25519 seed (32 bytes). */
export function ageIdentityOf(seed: Uint8Array): string {
  return bech32.encodeFromBytes('AGE-SECRET-KEY-', ed25519.utils.toMontgomerySecret(seed)).toUpperCase();
}
