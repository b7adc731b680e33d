import { createHash } from 'node:crypto';
import { peerIdOfPublicKey } from '@chorus/node';
import { sealedBytes } from '@chorus/protocol';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ageIdentityOf, recipientOf } from './member-keys.ts';
import { fileKeyOf, openWithKey, sealTo } from './seal.ts';

/** The same key for the same name. */
function member(name: string): { peerId: string; identity: string } {
  const seed = new Uint8Array(createHash('sha256').update(name).digest());
  return { peerId: peerIdOfPublicKey(ed25519.getPublicKey(seed)), identity: ageIdentityOf(seed) };
}
const [alice, bob, mallory] = ['alice', 'bob', 'mallory'].map(member) as [
  ReturnType<typeof member>,
  ReturnType<typeof member>,
  ReturnType<typeof member>,
];
const openSealed = async (sealed: Uint8Array, identity: string) =>
  openWithKey(sealed, await fileKeyOf(sealed, identity));
const file = Uint8Array.from({ length: 1000 }, (_, k) => k % 251);
const malformed = expect.objectContaining({ code: 'E_PAYLOAD_MALFORMED' });

describe('the key of a member', () => {
  it('the key of a member is its peer id in another form: the public half follows from the secret one', async () => {
    const { identityToRecipient } = await import('age-encryption');
    for (const { peerId, identity } of [alice, bob, mallory]) {
      expect(await identityToRecipient(identity)).toBe(recipientOf(peerId));
    }
  });

  it.each([
    ['no peer id', 'somebody'],
    ['the peer id of another kind of key', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'],
    // The neutral element, a point of order 4, and one of order 8: everybody would know the secret.
    ['a key of order 1', peerIdOfPublicKey(Uint8Array.from({ length: 32 }, (_, k) => (k === 0 ? 1 : 0)))],
    ['a key of order 4', peerIdOfPublicKey(new Uint8Array(32))],
    [
      'a key of order 8',
      peerIdOfPublicKey(
        Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex'),
      ),
    ],
    ['no point of the curve', peerIdOfPublicKey(new Uint8Array(32).fill(0xff))],
  ])('there is no member key for %s', (_, peerId) => {
    expect(recipientOf(peerId)).toBeNull();
  });
});

describe('a sealed file', () => {
  it('a sealed file opens for each of its recipients, and for no one else', async () => {
    const sealed = await sealTo(file, [alice.peerId, null, bob.peerId, 'no peer id']);
    expect(await openSealed(sealed, alice.identity)).toEqual(file);
    expect(await openSealed(sealed, bob.identity)).toEqual(file);
    await expect(openSealed(sealed, mallory.identity)).rejects.toEqual(malformed);
  });

  it('the size of a sealed file depends only on the file and the number of recipients', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0, 1, 68, 65_535, 65_536, 65_537, 200_000),
        fc.array(fc.constantFrom(alice.peerId, null, bob.peerId, 'no peer id'), {
          minLength: 1,
          maxLength: 4,
        }),
        async (size, recipients) => {
          const sealed = await sealTo(new Uint8Array(size), recipients);
          expect(sealed).toHaveLength(sealedBytes(size, recipients.length));
        },
      ),
      { numRuns: 20 },
    );
  });

  it('a sealed file does not open if any byte of it was changed, removed or added', async () => {
    const sealed = await sealTo(file.subarray(0, 40), [alice.peerId]);
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice();
      changed[at]! ^= 0x11;
      await expect(openSealed(changed, alice.identity), `byte ${at}`).rejects.toEqual(malformed);
    }
    for (const length of [0, 1, 100, sealed.length - 1]) {
      await expect(openSealed(sealed.subarray(0, length), alice.identity)).rejects.toEqual(malformed);
    }
    await expect(openSealed(Buffer.concat([sealed, new Uint8Array(1)]), alice.identity)).rejects.toEqual(
      malformed,
    );
    await expect(openSealed(file, alice.identity)).rejects.toEqual(malformed);
  });

  it('a sealed file opens for anyone with its key, and with no other key', async () => {
    const [sealed, other] = [await sealTo(file, [alice.peerId]), await sealTo(file, [alice.peerId])];
    const key = await fileKeyOf(sealed!, alice.identity);
    expect(key).toHaveLength(16);
    expect(await openWithKey(sealed!, key)).toEqual(file);
    await expect(openWithKey(other!, key)).rejects.toEqual(malformed);
    await expect(openWithKey(sealed!, new Uint8Array(16))).rejects.toEqual(malformed);
    await expect(openWithKey(sealed!, new Uint8Array(0))).rejects.toEqual(malformed);
  });

  it('a sealed file reveals neither its content nor its recipients, and is never the same twice', async () => {
    const [one, two] = [await sealTo(file, [alice.peerId]), await sealTo(file, [alice.peerId])];
    expect(one).not.toEqual(two);
    expect(Buffer.from(one!).includes(Buffer.from(file.subarray(100, 116)))).toBe(false);
    expect(Buffer.from(one!).includes(recipientOf(alice.peerId)!)).toBe(false);
  });
});
