import { open } from 'node:fs/promises';
import { checkKeystore } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import { textOf } from './secret-file.ts';

/** Longest keystore file, bytes; real ones are much shorter. */
const MAX_BYTES = 64 * 1024;

/**
 * Read a keystore file that a user names, and check its format.
 * @throws ChorusError `E_KEYSTORE`
 */
export async function readKeystoreFile(path: string): Promise<string> {
  const unreadable = (cause: unknown) =>
    new ChorusError('E_KEYSTORE', 'cannot read the keystore', {
      facts: { path },
      hint: 'name the file itself, which this user may read',
      cause,
    });
  const file = await open(path, 'r').catch((cause) => {
    throw unreadable(cause);
  });
  try {
    // A folder can be opened, but not read.
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(MAX_BYTES) }).catch((cause) => {
      throw unreadable(cause);
    });
    const text = textOf(buffer.subarray(0, bytesRead));
    checkKeystore(text);
    return text;
  } finally {
    await file.close();
  }
}
