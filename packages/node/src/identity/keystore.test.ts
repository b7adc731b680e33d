import { ChorusError } from '@chorus/protocol';
import { encryptKeystoreJson, Wallet } from 'ethers';
import { expect, it } from 'vitest';
import { checkKeystore, decryptWallet, encryptWallet } from './keystore.ts';

const PASSWORD = 'correct horse battery';
const KEY = `0x${'11'.repeat(32)}`;
const WALLET = new Wallet(KEY);
const QUICK = { scryptN: 2 };

/** As eth-account writes it: n = 2^18 with r = 1, which OpenSSL refuses. */
const R1 = {
  address: '19e7e376e7c213b7e7e7e46cc70a5dd086daff2a',
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '000102030405060708090a0b0c0d0e0f' },
    ciphertext: '0ae60dc6519528fc2ddec1baec1bf9bd1cbd77ff0a8c233e81febc86ba209bed',
    kdf: 'scrypt',
    kdfparams: {
      dklen: 32,
      n: 262144,
      p: 1,
      r: 1,
      salt: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    },
    mac: '729026bb01a4f3651ede37233093132d574b7547ba271a6c0899114b0bd855fb',
  },
  id: '00000000-0000-0000-0000-000000000001',
  version: 3,
};

it('a keystore of eth-account opens, and a wrong password is distinguished from damage', async () => {
  expect((await decryptWallet(JSON.stringify(R1), PASSWORD)).privateKey).toBe(KEY);
  await expect(decryptWallet(JSON.stringify(R1), 'wrong')).rejects.toMatchObject({
    code: 'E_PASSWORD_WRONG',
  });
});

it('a keystore opens in every notation that programs use', async () => {
  const keystore = JSON.parse(await encryptWallet(WALLET, PASSWORD, QUICK));
  const inner = keystore.Crypto ?? keystore.crypto;
  for (const text of [
    `\ufeff${JSON.stringify(keystore)}\r\n`,
    JSON.stringify({ ...keystore, version: '3' }),
    JSON.stringify({ ...keystore, address: WALLET.address }),
    JSON.stringify({ VERSION: 3, CRYPTO: { ...inner, KDF: 'Scrypt', cipher: 'AES-128-CTR' } }),
  ]) {
    expect((await decryptWallet(text, PASSWORD)).address).toBe(WALLET.address);
  }
});

it('a password with accents opens a keystore, however its letters are composed', async () => {
  for (const form of ['NFC', 'NFD', 'NFKC'] as const) {
    const bytes = new TextEncoder().encode('Zürich ﬁord é'.normalize(form));
    const account = { address: WALLET.address, privateKey: KEY };
    const keystore = await encryptKeystoreJson(account, bytes, { scrypt: { N: 2 } });
    for (const typed of ['NFC', 'NFD'] as const) {
      expect((await decryptWallet(keystore, 'Zürich ﬁord é'.normalize(typed))).privateKey).toBe(KEY);
    }
  }
});

it('the error for a keystore that states another address names the address of its key', async () => {
  const keystore = JSON.parse(await encryptWallet(WALLET, PASSWORD, QUICK));
  keystore.address = '00'.repeat(20);
  await expect(decryptWallet(JSON.stringify(keystore), PASSWORD)).rejects.toMatchObject({
    code: 'E_KEYSTORE',
    message: expect.stringContaining('another address'),
    facts: { stated: `0x${'00'.repeat(20)}`, found: WALLET.address.toLowerCase() },
  });
});

const without = (name: string) => {
  const { [name]: _, ...kdfparams } = R1.crypto.kdfparams as Record<string, unknown>;
  return JSON.stringify({ ...R1, crypto: { ...R1.crypto, kdfparams } });
};
const withCrypto = (change: object) => JSON.stringify({ ...R1, crypto: { ...R1.crypto, ...change } });

it.each([
  ['a private key', KEY, /a private key, not encrypted/],
  ['recovery words', 'test test test test test test test test test test test junk', /the words of a wallet/],
  ['a PEM file', '-----BEGIN PRIVATE KEY-----\nMC4CAQ', /PEM/],
  ['nothing', ' \n', /it is empty/],
  ['half of one', JSON.stringify(R1).slice(0, 200), /a part of it is missing/],
  ['a presale wallet', '{"encseed":"00","ethaddr":"00"}', /presale/],
  ['another version', JSON.stringify({ ...R1, version: 1 }), /version must be 3/],
  ['no crypto', '{"version":3}', /crypto is missing/],
  ['no n', without('n'), /crypto\.kdfparams\.n is missing/],
  ['no salt', without('salt'), /crypto\.kdfparams\.salt is missing/],
  ['another cipher', withCrypto({ cipher: 'aes-128-cbc' }), /crypto\.cipher must be aes-128-ctr/],
  ['another kdf', withCrypto({ kdf: 'argon2' }), /crypto\.kdf must be one of scrypt, pbkdf2/],
  ['a short mac', withCrypto({ mac: '00' }), /crypto\.mac must be 32 bytes in hexadecimal/],
])('%s is refused with a description, without quoting any part of it', (_, text, words) => {
  try {
    checkKeystore(text);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(ChorusError);
    expect(error).toMatchObject({ code: 'E_KEYSTORE', hint: expect.stringContaining('version 3') });
    expect((error as Error).message).toMatch(words);
    expect((error as Error).message).not.toMatch(/1111|junk|MC4C|"|Invalid/);
    expect((error as Error).cause).toBeUndefined();
  }
});
