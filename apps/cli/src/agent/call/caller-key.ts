import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generateNetworkKey, peerIdOfKey } from '@chorus/network';
import { ChorusError } from '@chorus/protocol';
import { atomicWrite, makeFolder } from '@chorus/utils';
import envPaths from 'env-paths';

/** The key by which agents know the user of this command. */
const callerKeyFile = () => join(envPaths('chorus', { suffix: '' }).data, 'caller.key');

/**
 * The libp2p key of this user as a caller of agents; made at the first call. It stays the same, because an agent
 * goes on with a conversation only for the peer that began it. It is not the node's: with its key, a node that
 * runs could not be called, and its peers would take the two for one.
 * @throws ChorusError `E_NETWORK_KEY` if the file is damaged
 */
export async function callerKey(): Promise<Uint8Array> {
  const path = callerKeyFile();
  const known = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (known) {
    await peerIdOfKey(known).catch((cause: unknown) => {
      throw new ChorusError('E_NETWORK_KEY', 'the key by which agents know you is damaged', {
        facts: { path },
        hint: 'delete the file: the next call makes a new key, and agents take you for a new caller',
        cause,
      });
    });
    return new Uint8Array(known);
  }
  const key = await generateNetworkKey();
  await makeFolder(dirname(path));
  await atomicWrite(path, [key]);
  return key;
}
