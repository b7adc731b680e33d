import { scrypt as nativeScrypt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Address, ChorusError, faultOf, keepSecret } from '@chorus/protocol';
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { decryptKeystoreJson, encryptKeystoreJson, randomBytes, scrypt, Wallet } from 'ethers';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';

/** The wallet within a data folder: an encrypted Web3 Secret Storage file, version 3. */
export const KEYSTORE_FILE = 'wallet.json';

/** Longest keystore; a usual one has about 500 bytes, also geth's. */
const MAX_KEYSTORE_BYTES = 16 * 1024;

/** Cost of deriving the key from the password: ethers' standard, 128 MB and some tenths of a second. */
const SCRYPT_N = 131_072;

/** The most an imported file may ask for: 1 GB of memory and some ten seconds. */
const MAX_SCRYPT_N = 2 ** 20;
const MAX_SCRYPT_WORK = 8 * MAX_SCRYPT_N;
const MAX_PBKDF2_ROUNDS = 10_000_000;

// scrypt of Node instead of one in JavaScript: it runs outside the event loop, is faster, and frees its memory at
// once.
const deriveKey = promisify<Uint8Array, Uint8Array, number, object, Buffer>(nativeScrypt);
scrypt.register((password, salt, N, r, p, length, onProgress) =>
  // OpenSSL and ethers keep to RFC 7914 here, section 2; eth-account writes r = 1 with N = 2^18.
  N < 2 ** (16 * r)
    ? deriveKey(password, salt, length, { N, r, p, maxmem: 128 * r * (N + p + 2) })
    : scryptAsync(password, salt, { N, r, p, dkLen: length, ...(onProgress ? { onProgress } : {}) }),
);

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^(0x)?[0-9a-fA-F]{${2 * bytes}}$`), `must be ${bytes} bytes in hexadecimal`);
const power = (most: number) => z.number().int().positive().max(most);
const text = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : value);

const keystoreSchema = z.object({
  // Some programs write it as a text.
  version: z.coerce.number().pipe(z.literal(3)),
  address: hex(20).optional(),
  crypto: z.object({
    cipher: z.preprocess(text, z.literal('aes-128-ctr')),
    cipherparams: z.object({ iv: hex(16) }),
    ciphertext: hex(32),
    mac: hex(32),
    kdf: z.preprocess(text, z.enum(['scrypt', 'pbkdf2'])),
    kdfparams: z.unknown(),
  }),
});

const KDF_SCHEMAS = {
  scrypt: z
    .object({
      n: power(MAX_SCRYPT_N).refine((n) => (n & (n - 1)) === 0, 'must be a power of two'),
      r: power(16),
      p: power(16),
      dklen: z.literal(32),
      salt: z.string().max(128),
    })
    .refine(({ n, r, p }) => n * r * p <= MAX_SCRYPT_WORK, 'asks for too much work'),
  pbkdf2: z.object({
    c: power(MAX_PBKDF2_ROUNDS),
    prf: z.string().regex(/^hmac-sha(256|512)$/i, 'must be hmac-sha256 or hmac-sha512'),
    dklen: z.literal(32),
    salt: z.string().max(128),
  }),
};

export interface KeystoreOptions {
  /** Cost of scrypt, a power of two; tests use a small one. No command lowers it. */
  scryptN?: number;
}

/** A fresh wallet. */
export function createWallet(): Wallet {
  return new Wallet(`0x${Buffer.from(randomBytes(32)).toString('hex')}`);
}

/**
 * Encrypt a wallet.
 * @returns Web3 Secret Storage JSON, version 3, which every Ethereum wallet imports
 * @throws ChorusError `E_PASSWORD_WEAK`
 */
export async function encryptWallet(
  wallet: Wallet,
  password: string,
  options: KeystoreOptions = {},
): Promise<string> {
  checkNewPassword(password);
  const { address, privateKey } = wallet;
  const cost = { N: options.scryptN ?? SCRYPT_N };
  return encryptKeystoreJson({ address, privateKey }, password, { scrypt: cost });
}

/** Shortest password accepted for a new keystore. */
const LEAST_PASSWORD = 8;

/** @throws ChorusError `E_PASSWORD_WEAK` */
export function checkNewPassword(password: string): void {
  if (password.length >= LEAST_PASSWORD) return;
  throw new ChorusError('E_PASSWORD_WEAK', `the password must have at least ${LEAST_PASSWORD} characters`, {
    hint: 'anyone who gets the file can try any number of passwords: use several words',
  });
}

/**
 * Check that a text is a keystore this machine can afford to open.
 * @returns its address, if it states one
 * @throws ChorusError `E_KEYSTORE`
 */
export function checkKeystore(text: string): Address | null {
  return parseKeystore(text).address;
}

/** What a text that is not a keystore seems to be. Never quotes the text: it may be the key itself. */
const LOOK_ALIKES: readonly [look: RegExp, what: string][] = [
  [/^(0x)?[0-9a-fA-F]{64}$/, 'it is a private key, not encrypted'],
  [/^([a-z]+\s+){11,23}[a-z]+$/, 'these are the words of a wallet, not encrypted'],
  [/^-----BEGIN/, 'it is a key in PEM'],
  [/^$/, 'it is empty'],
];

/** @throws ChorusError `E_KEYSTORE` */
function parseKeystore(raw: string): { address: Address | null; json: string } {
  const refuse = (why: string) =>
    new ChorusError('E_KEYSTORE', `this is not a usable keystore: ${why}`, {
      hint: 'give an encrypted Ethereum keystore (Web3 Secret Storage, version 3), as geth, MetaMask tools and eth-account write it',
    });
  // Some editors begin the file with a byte order mark.
  const text = raw.replace(/^\ufeff/, '').trim();
  if (text.length > MAX_KEYSTORE_BYTES) throw refuse('it is too long');
  let value: unknown;
  try {
    value = lowerCaseKeys(JSON.parse(text));
  } catch {
    throw refuse(
      LOOK_ALIKES.find(([look]) => look.test(text))?.[1] ?? 'it is not JSON, or a part of it is missing',
    );
  }
  if (typeof value === 'object' && value !== null && 'encseed' in value) {
    throw refuse('it is a wallet of the presale of 2014; import it into geth first, which writes a keystore');
  }
  const outer = keystoreSchema.safeParse(value);
  if (!outer.success) throw refuse(faultIn(outer.error, value));
  const { kdf, kdfparams } = outer.data.crypto;
  const inner = KDF_SCHEMAS[kdf].safeParse(kdfparams);
  if (!inner.success) throw refuse(faultIn(inner.error, kdfparams, ['crypto', 'kdfparams']));
  const { address } = outer.data;
  return {
    address: address === undefined ? null : (`0x${address.replace(/^0x/, '').toLowerCase()}` as Address),
    // The address is compared with the key here, for a clear error.
    json: JSON.stringify({ version: 3, crypto: { ...outer.data.crypto, kdfparams: inner.data } }),
  };
}

/** The faulty field and its fault, such as `crypto.kdfparams.n is missing`. */
function faultIn(error: z.ZodError, value: unknown, above: string[] = []): string {
  const issue = error.issues[0];
  const found = issue?.path.reduce<unknown>(
    (at, name) => (at as Record<PropertyKey, unknown> | null)?.[name],
    value,
  );
  const where = [...above, ...(issue?.path ?? [])].map(String).join('.') || 'it';
  return `${where} ${found === undefined ? 'is missing' : faultOf(issue)}`;
}

/** Some wallets write `Crypto` or `KDF`; nesting of a keystore is three deep, and anything deeper is not changed. */
function lowerCaseKeys(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth > 4) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toLowerCase(), lowerCaseKeys(inner, depth + 1)]),
  );
}

/**
 * Open a keystore; takes some tenths of a second and much memory, by design.
 * @throws ChorusError `E_PASSWORD_WRONG`, `E_KEYSTORE`
 */
export async function decryptWallet(text: string, password: string): Promise<Wallet> {
  const { address: stated, json } = parseKeystore(text);
  const wallet = new Wallet(await privateKeyIn(json, password));
  keepSecret(wallet.privateKey);
  if (stated !== null && stated !== wallet.address.toLowerCase()) {
    throw new ChorusError('E_KEYSTORE', 'the keystore states another address than that of its key', {
      facts: { stated, found: wallet.address.toLowerCase() },
      hint: 'use the keystore of the address you want; if this one is right, remove `address` from it',
    });
  }
  return wallet;
}

async function privateKeyIn(json: string, password: string): Promise<string> {
  for (const candidate of writingsOf(password)) {
    try {
      return (await decryptKeystoreJson(json, candidate)).privateKey;
    } catch (error) {
      // Only the kind of error is used: its text could hold the password.
      if ((error as { argument?: string }).argument === 'password') continue;
      throw new ChorusError('E_KEYSTORE', 'the keystore is damaged', { hint: 'restore it from a backup' });
    }
  }
  throw new ChorusError('E_PASSWORD_WRONG', 'the password does not open the wallet', {
    hint: 'check the file of CHORUS_PASSWORD_FILE, or type it again',
  });
}

/**
 * The possible encodings of a password: accented letters have more than one, and ethers normalises them (NFKC),
 * while geth and eth-account use the keyboard's.
 */
function writingsOf(password: string): Uint8Array[] {
  const forms = [password.normalize('NFKC'), password, password.normalize('NFC'), password.normalize('NFD')];
  return [...new Set(forms)].map((form) => new TextEncoder().encode(form));
}

/** The keystore of a data folder, or null without one. */
export async function readKeystore(folder: string): Promise<string | null> {
  const path = join(folder, KEYSTORE_FILE);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new ChorusError('E_KEYSTORE', 'cannot read the wallet', { facts: { path }, cause });
  }
}

/** Write a keystore into a data folder, readable only by its owner, replacing an existing one. */
export async function writeKeystore(folder: string, keystore: string): Promise<void> {
  await writeFileAtomic(join(folder, KEYSTORE_FILE), `${keystore.trim()}\n`, { mode: 0o600 });
}
