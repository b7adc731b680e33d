import { ChorusError } from '@chorus/protocol';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { recipientOf } from './member-keys.ts';

/** `age-encryption.org/v1` and a line break. */
const VERSION_LINE = 22;
/** `-> X25519 `, the ephemeral share, and the wrapped key: two lines. */
const STANZA = 98;
/** `--- ` and the header's authentication code. */
const LAST_LINE = 48;
const NONCE = 16;
const CHUNK = 64 * 1024;
const TAG = 16;

/** Bytes of a file of `plain` bytes that is sealed to so many recipients: all of one size. */
export function sealedBytes(plain: number, recipients: number): number {
  const chunks = Math.max(1, Math.ceil(plain / CHUNK));
  return VERSION_LINE + recipients * STANZA + LAST_LINE + NONCE + plain + chunks * TAG;
}

/**
 * Encrypt a file to the holders of these peer ids, in the age format. Null, and an id of no usable key, stand for
 * somebody who is to open nothing: the file is of the same size, and says who can open it to nobody.
 *
 * Its header commits to the one key of the file, so that all who can open it see the same bytes.
 */
export async function sealTo(file: Uint8Array, peerIds: readonly (string | null)[]): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  for (const peerId of peerIds) {
    const recipient = peerId === null ? null : recipientOf(peerId);
    encrypter.addRecipient(recipient ?? (await identityToRecipient(await generateX25519Identity())));
  }
  return encrypter.encrypt(file);
}

/**
 * The one key of a sealed file, for the holder of this identity.
 * @throws ChorusError `E_PAYLOAD_MALFORMED` where it is sealed to others, or its header was altered, or it is no sealed file
 */
export function fileKeyOf(sealed: Uint8Array, identity: string): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return orMalformed(sealed, () => decrypter.decryptHeader(sealed));
}

/**
 * Open a sealed file with its key, whoever has told it.
 * @throws ChorusError `E_PAYLOAD_MALFORMED` where it is another file's, or the file was altered, or it is no sealed file
 */
export function openWithKey(sealed: Uint8Array, key: Uint8Array): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  decrypter.addIdentity({ unwrapFileKey: () => key });
  return orMalformed(sealed, () => decrypter.decrypt(sealed));
}

async function orMalformed(sealed: Uint8Array, work: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await work();
  } catch (cause) {
    throw new ChorusError('E_PAYLOAD_MALFORMED', 'the payload is not sealed to this node, or was altered', {
      facts: { bytes: sealed.length },
      hint: 'the update is left out where a majority of the validators finds the same',
      cause,
    });
  }
}
