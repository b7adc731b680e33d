import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChorusError, hasCode, keepSecret } from '@chorus/protocol';
import { Wallet } from 'ethers';
import { unlockWallet, walletMissing } from './identity.ts';
import { readKeystore } from './keystore.ts';

/**
 * File of an unencrypted development key within a data folder: 0x-prefixed hex. Used only without a keystore, and
 * only on development chains.
 */
export const WALLET_KEY_FILE = 'wallet.insecure-dev.key';

/**
 * The source of a wallet's password; asked only if there is a keystore. `again` means that its last password was
 * wrong: it returns another, or null if it has none.
 */
export type PasswordSource = (again?: boolean) => Promise<string | null>;

/** Attempts for a typed password. */
const TRIES = 3;

export interface OpenedWallet {
  wallet: Wallet;
  /** False for an unencrypted development key. */
  encrypted: boolean;
}

/**
 * The wallet of a data folder: its keystore, else a development key.
 *
 * @throws ChorusError `E_WALLET_MISSING`, `E_PASSWORD_MISSING`, `E_PASSWORD_WRONG`, `E_KEYSTORE`, `E_IDENTITY_FALSE`
 */
export async function openWallet(folder: string, password?: PasswordSource): Promise<OpenedWallet> {
  if ((await readKeystore(folder)) !== null) {
    if (!password) {
      throw new ChorusError('E_PASSWORD_MISSING', 'the wallet is encrypted and no password was given', {
        facts: { folder },
        hint: 'put the password into a file and its path into CHORUS_PASSWORD_FILE, or start on a terminal',
      });
    }
    return { wallet: await unlockedWith(folder, password), encrypted: true };
  }
  const text = await readFile(join(folder, WALLET_KEY_FILE), 'utf8').catch(() => null);
  if (text === null) throw walletMissing(folder);
  if (!/^0x[0-9a-fA-F]{64}$/.test(text.trim())) {
    throw new ChorusError('E_WALLET_MISSING', 'the development key is not 0x-prefixed hex of 32 bytes', {
      facts: { path: join(folder, WALLET_KEY_FILE) },
    });
  }
  keepSecret(text);
  return { wallet: new Wallet(text.trim()), encrypted: false };
}

async function unlockedWith(folder: string, password: PasswordSource): Promise<Wallet> {
  let given = await password();
  for (let tries = 1; ; tries++) {
    try {
      return await unlockWallet(folder, given ?? '');
    } catch (error) {
      if (!hasCode(error, 'E_PASSWORD_WRONG') || tries === TRIES) throw error;
      const other = await password(true);
      // A file returns the same password again.
      if (other === null || other === given) throw error;
      given = other;
    }
  }
}
