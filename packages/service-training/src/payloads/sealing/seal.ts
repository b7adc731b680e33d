import { ChorusError } from '@chorus/protocol';
import type { Decrypter, Identity } from 'age-encryption';
import { recipientOf } from './member-keys.ts';

/** Loaded with the first sealed file: a node without such a task does without it. */
const age = () => import('age-encryption');

/**
 * Encrypt a file to the holders of these peer ids, in the age format. Null, and an id without a usable key, stand
 * for a recipient that can open nothing: the file has the same size, and reveals to no one who can open it.
 *
 * Its header commits to the single key of the file, so that all recipients see the same bytes.
 */
export async function sealTo(file: Uint8Array, peerIds: readonly (string | null)[]): Promise<Uint8Array> {
  const { Encrypter, generateX25519Identity, identityToRecipient } = await age();
  const encrypter = new Encrypter();
  for (const peerId of peerIds) {
    const recipient = peerId === null ? null : recipientOf(peerId);
    encrypter.addRecipient(recipient ?? (await identityToRecipient(await generateX25519Identity())));
  }
  return encrypter.encrypt(file);
}

/**
 * The single key of a sealed file, for the holder of this identity.
 * @throws ChorusError `E_PAYLOAD_MALFORMED` if it is sealed to others, its header was altered, or it is not a sealed
 * file
 */
export function fileKeyOf(sealed: Uint8Array, identity: string): Promise<Uint8Array> {
  return opening(sealed, identity, (decrypter) => decrypter.decryptHeader(sealed));
}

/**
 * Open a sealed file with its key, from any source.
 * @throws ChorusError `E_PAYLOAD_MALFORMED` if the key is another file's, the file was altered, or it is not a
 * sealed file
 */
export function openWithKey(sealed: Uint8Array, key: Uint8Array): Promise<Uint8Array> {
  return opening(sealed, { unwrapFileKey: () => key }, (decrypter) => decrypter.decrypt(sealed));
}

async function opening(
  sealed: Uint8Array,
  identity: string | Identity,
  work: (decrypter: Decrypter) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const { Decrypter } = await age();
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  try {
    return await work(decrypter);
  } catch (cause) {
    throw new ChorusError('E_PAYLOAD_MALFORMED', 'the payload is not sealed to this node, or was altered', {
      facts: { bytes: sealed.length },
      hint: 'the update is excluded if a majority of the validators finds the same',
      cause,
    });
  }
}
