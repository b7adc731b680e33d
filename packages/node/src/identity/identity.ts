import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChorusError, sameAddress } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import type { Wallet } from 'ethers';
import writeFileAtomic from 'write-file-atomic';
import { attest, type Identity, verifyIdentity } from './attestation.ts';
import {
  createWallet,
  decryptWallet,
  encryptWallet,
  KEYSTORE_FILE,
  type KeystoreOptions,
  readKeystore,
  writeKeystore,
} from './keystore.ts';
import { NODE_KEY_FILE, readNodeKey, writeNewNodeKey } from './node-key.ts';

/** The public identity within a data folder. */
export const IDENTITY_FILE = 'identity.json';

/** An identity is about 700 bytes. */
const MAX_IDENTITY_BYTES = 8 * 1024;

const now = () => Math.floor(Date.now() / 1000);

export interface CreateIdentityOptions extends KeystoreOptions {
  /** An existing wallet to use; by default a new one. */
  wallet?: Wallet;
}

/**
 * Create a node's identity in a data folder: node key, encrypted wallet, and the attestation of each by the other.
 * Existing files are not changed.
 *
 * @throws ChorusError `E_IDENTITY_EXISTS`, `E_PASSWORD_WEAK`
 */
export async function createIdentity(
  folder: string,
  password: string,
  options: CreateIdentityOptions = {},
): Promise<Identity> {
  await makeFolder(folder, 0o700);
  if ((await readKeystore(folder)) !== null || (await readIdentity(folder)) !== null) {
    throw new ChorusError('E_IDENTITY_EXISTS', 'this folder already has an identity', {
      facts: { folder },
      hint: 'use it, or choose another folder with --home',
    });
  }
  const wallet = options.wallet ?? createWallet();
  const keystore = await encryptWallet(wallet, password, options);
  const key = (await readNodeKey(folder)) ?? (await writeNewNodeKey(folder));
  await writeKeystore(folder, keystore);
  return writeIdentity(folder, await attest(key, wallet, now()));
}

/**
 * The checked identity of a data folder; null if the folder has no identity.
 * @throws ChorusError `E_IDENTITY_FALSE` if it was changed, or belongs to another node key than the folder's
 */
export async function readIdentity(folder: string): Promise<Identity | null> {
  const identity = await readIdentityFile(folder);
  const key = identity && (await readNodeKey(folder));
  if (identity && key && key.peerId !== identity.peerId) {
    throw new ChorusError('E_IDENTITY_FALSE', 'identity and node key do not belong to the same node', {
      facts: { identity: identity.peerId, key: key.peerId },
      hint: `restore ${NODE_KEY_FILE} and ${IDENTITY_FILE} from the same backup, or run \`chorus keys rotate-node\``,
    });
  }
  return identity;
}

/**
 * Open the wallet of a data folder and check that it is the one the identity names.
 * @throws ChorusError `E_WALLET_MISSING`, `E_PASSWORD_WRONG`, `E_KEYSTORE`, `E_IDENTITY_FALSE`
 */
export async function unlockWallet(folder: string, password: string): Promise<Wallet> {
  const keystore = await readKeystore(folder);
  if (keystore === null) throw walletMissing(folder);
  const identity = await readIdentityFile(folder);
  const wallet = await decryptWallet(keystore, password);
  if (identity && !sameAddress(identity.address, wallet.address)) {
    throw new ChorusError('E_IDENTITY_FALSE', 'identity and wallet do not belong to the same account', {
      facts: { identity: identity.address, wallet: wallet.address.toLowerCase() },
      hint: `restore ${KEYSTORE_FILE} and ${IDENTITY_FILE} from the same backup`,
    });
  }
  return wallet;
}

/**
 * Give a node a new libp2p key, attested by its wallet. The old key is kept next to it, ending in `.old`. Not
 * allowed while the node takes part in a task: the chain identifies members by their peer id.
 */
export async function rotateNodeKey(folder: string, wallet: Wallet): Promise<Identity> {
  const path = join(folder, NODE_KEY_FILE);
  const old = await readFile(path).catch(() => null);
  if (old) await writeFileAtomic(`${path}.old`, old, { mode: 0o600 });
  const key = await writeNewNodeKey(folder);
  return writeIdentity(folder, await attest(key, wallet, now()));
}

/**
 * Replace a node's wallet, with a new attestation. The old keystore is kept next to it, ending in `.old`.
 * @throws ChorusError `E_PASSWORD_WEAK`
 */
export async function replaceWallet(
  folder: string,
  wallet: Wallet,
  password: string,
  options: KeystoreOptions = {},
): Promise<Identity> {
  const keystore = await encryptWallet(wallet, password, options);
  const key = (await readNodeKey(folder)) ?? (await writeNewNodeKey(folder));
  const path = join(folder, KEYSTORE_FILE);
  const old = await readKeystore(folder);
  if (old !== null) await writeFileAtomic(`${path}.old`, old, { mode: 0o600 });
  await writeKeystore(folder, keystore);
  return writeIdentity(folder, await attest(key, wallet, now()));
}

/** The error that a data folder has no wallet. */
export function walletMissing(folder: string): ChorusError {
  return new ChorusError('E_WALLET_MISSING', 'the node has no wallet', {
    facts: { folder },
    hint: 'create one with `chorus init`',
  });
}

/** Only the identity file, with both signatures checked; null if the file is missing. */
async function readIdentityFile(folder: string): Promise<Identity | null> {
  try {
    const text = await readFile(join(folder, IDENTITY_FILE), 'utf8');
    return verifyIdentity(text.length > MAX_IDENTITY_BYTES ? null : parseJson(text));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function writeIdentity(folder: string, identity: Identity): Promise<Identity> {
  await writeFileAtomic(join(folder, IDENTITY_FILE), `${JSON.stringify(identity, null, 2)}\n`, {
    mode: 0o600,
  });
  return identity;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
