import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerIdOfKey } from '@chorus/network';
import { hasCode } from '@chorus/protocol';
import { Wallet } from 'ethers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attest, type Identity, verifyIdentity } from './attestation.ts';
import { didOfPeerId, peerIdOfPublicKey } from './did.ts';
import { createIdentity, readIdentity, replaceWallet, rotateNodeKey, unlockWallet } from './identity.ts';
import { checkKeystore, createWallet, decryptWallet, encryptWallet } from './keystore.ts';
import { parseNodeKey, readNodeKey, writeNewNodeKey } from './node-key.ts';

const PASSWORD = 'correct horse battery';
/** Seconds a test does not have. */
const QUICK = { scryptN: 2 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-identity-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('DIDs', () => {
  it('a DID agrees with the example of the did:key method', () => {
    // did:key method, test vectors, Ed25519
    const key = Buffer.from('2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6', 'hex');
    const did = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';
    expect(didOfPeerId(peerIdOfPublicKey(key))).toBe(did);
  });

  it('a DID carries the key of the peer id that libp2p gives', async () => {
    const key = await writeNewNodeKey(folder);
    expect(key.peerId).toBe(await peerIdOfKey(key.bytes));
    expect(didOfPeerId(key.peerId)).toMatch(/^did:key:z6Mk/);
  });

  it('a DID refuses a key that is not Ed25519', () => {
    for (const text of ['', 'Qm', '16Uiu2HAm', '0OIl'.repeat(13), '1'.repeat(52), '1'.repeat(100_000)]) {
      expect(() => didOfPeerId(text)).toThrow(/not the peer id/);
    }
  });
});

describe('an identity', () => {
  it('an identity is created once, with secrets that only their owner can read', async () => {
    const identity = await createIdentity(folder, PASSWORD, QUICK);
    expect(await readIdentity(folder)).toEqual(identity);
    expect((await unlockWallet(folder, PASSWORD)).address.toLowerCase()).toBe(identity.address);
    for (const name of ['network.key', 'wallet.json']) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    }
    const key = (await unlockWallet(folder, PASSWORD)).privateKey.slice(2);
    expect(await readFile(join(folder, 'wallet.json'), 'utf8')).not.toContain(key);
    await expect(createIdentity(folder, PASSWORD, QUICK)).rejects.toThrow(/already has an identity/);
    expect(await readIdentity(folder)).toEqual(identity);
  });

  it('an identity does not verify after any field was changed', async () => {
    const key = await writeNewNodeKey(folder);
    const identity = await attest(key, createWallet(), 1_700_000_000);
    expect(verifyIdentity(structuredClone(identity))).toEqual(identity);
    const other = await attest(await writeNewNodeKey(folder), createWallet(), 1_700_000_000);
    const fields = ['peerId', 'did', 'address', 'walletSignature', 'nodeSignature'] as const;
    for (const field of fields) {
      expect(() => verifyIdentity({ ...identity, [field]: other[field] }), field).toThrow(/does not hold/);
    }
    const mixed = { ...identity, peerId: other.peerId, did: other.did, nodeSignature: other.nodeSignature };
    expect(() => verifyIdentity(mixed)).toThrow(/does not hold/);
    expect(() => verifyIdentity({ ...identity, issuedAt: identity.issuedAt + 1 })).toThrow(/does not hold/);
    expect(() => verifyIdentity({ ...identity, more: 1 })).toThrow(/does not hold/);
  });

  it('an identity does not verify for a wallet that never signed it', async () => {
    const thief = await writeNewNodeKey(folder);
    const victim = createWallet();
    // The thief signs for the victim's address with its own wallet.
    const own = createWallet();
    const forged: Identity = await attest(
      thief,
      { address: victim.address, signTypedData: (...args) => own.signTypedData(...args) },
      1,
    );
    expect(() => verifyIdentity(forged)).toThrow(/the wallet did not sign/);
  });

  it('an identity is refused with the key of another node', async () => {
    await createIdentity(folder, PASSWORD, QUICK);
    await writeNewNodeKey(folder);
    await expect(readIdentity(folder)).rejects.toThrow(/not belong to the same node/);
  });

  it('an identity verifies with a new node key and a new wallet, attested again', async () => {
    const first = await createIdentity(folder, PASSWORD, QUICK);
    const rotated = await rotateNodeKey(folder, await unlockWallet(folder, PASSWORD));
    expect(rotated.address).toBe(first.address);
    expect(rotated.peerId).not.toBe(first.peerId);
    expect(await readIdentity(folder)).toEqual(rotated);
    const old = parseNodeKey(new Uint8Array(await readFile(join(folder, 'network.key.old'))));
    expect(old.peerId).toBe(first.peerId);

    const wallet = createWallet();
    const replaced = await replaceWallet(folder, wallet, 'another password', QUICK);
    expect(replaced).toMatchObject({ peerId: rotated.peerId, address: wallet.address.toLowerCase() });
    expect((await unlockWallet(folder, 'another password')).address).toBe(wallet.address);
    const kept = await decryptWallet(await readFile(join(folder, 'wallet.json.old'), 'utf8'), PASSWORD);
    expect(kept.address.toLowerCase()).toBe(first.address);
  });
});

describe('a node key', () => {
  it('a node key is refused if its halves do not belong together, or if it is not a key', async () => {
    const key = await writeNewNodeKey(folder);
    const broken = Uint8Array.from(key.bytes);
    broken[10]! ^= 1;
    for (const bytes of [broken, key.bytes.subarray(0, 60), new Uint8Array(68)]) {
      await writeFile(join(folder, 'network.key'), bytes);
      await expect(readNodeKey(folder)).rejects.toSatisfy((e) => hasCode(e, 'E_IDENTITY_NODE_KEY'));
    }
  });
});

describe('a keystore', () => {
  it('a keystore opens only with its password', async () => {
    const wallet = createWallet();
    const keystore = await encryptWallet(wallet, PASSWORD, QUICK);
    expect(checkKeystore(keystore)).toBe(wallet.address.toLowerCase());
    expect((await decryptWallet(keystore, PASSWORD)).privateKey).toBe(wallet.privateKey);
    await expect(decryptWallet(keystore, 'wrong password')).rejects.toSatisfy((e) =>
      hasCode(e, 'E_PASSWORD_WRONG'),
    );
    await expect(encryptWallet(wallet, 'short', QUICK)).rejects.toThrow(/at least 8/);
  });

  it('a keystore of another program opens too', async () => {
    // Web3 Secret Storage definition, test vector for PBKDF2-SHA-256.
    const vector = JSON.stringify({
      crypto: {
        cipher: 'aes-128-ctr',
        cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
        ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
        kdf: 'pbkdf2',
        kdfparams: {
          c: 262_144,
          dklen: 32,
          prf: 'hmac-sha256',
          salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
        },
        mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
      },
      id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
      version: 3,
    });
    const { privateKey } = await decryptWallet(vector, 'testpassword');
    expect(privateKey).toBe('0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d');
  });

  it('a keystore that needs too much memory, or a file that is not a keystore, is refused before any work', async () => {
    const keystore = await encryptWallet(new Wallet(createWallet().privateKey), PASSWORD, QUICK);
    const greedy = JSON.parse(keystore);
    (greedy.Crypto ?? greedy.crypto).kdfparams.n = 2 ** 30;
    const greedyInAll = JSON.parse(keystore);
    Object.assign((greedyInAll.Crypto ?? greedyInAll.crypto).kdfparams, { n: 2 ** 20, r: 16, p: 16 });
    for (const text of [
      JSON.stringify(greedy),
      JSON.stringify(greedyInAll),
      '{}',
      '[',
      'x'.repeat(100_000),
    ]) {
      await expect(decryptWallet(text, PASSWORD)).rejects.toSatisfy((e) => hasCode(e, 'E_KEYSTORE'));
    }
  });

  it('a keystore that states another address is refused', async () => {
    const keystore = JSON.parse(await encryptWallet(createWallet(), PASSWORD, QUICK));
    keystore.address = createWallet().address.slice(2).toLowerCase();
    await expect(decryptWallet(JSON.stringify(keystore), PASSWORD)).rejects.toSatisfy((e) =>
      hasCode(e, 'E_KEYSTORE'),
    );
  });
});
