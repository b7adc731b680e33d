import { hasCode } from '@chorus/protocol';
import { describe, expect, test } from 'vitest';
import { generateNetworkKey, peerIdOfKey } from './key.ts';

describe('network keys', () => {
  test('a seed gives the peer id that the libp2p specification gives for it', async () => {
    // libp2p specs, peer-ids: the id of an Ed25519 key is the identity multihash of its protobuf; the public
    // key of the all-zero seed is RFC 8032's 3b6a27bc...; base58btc of 00 24 08 01 12 20 and that key.
    const seed = new Uint8Array(32);
    expect(await peerIdOfKey(seed)).toBe('12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN');
  });

  test('generated keys differ, and each reads back unchanged', async () => {
    const [a, b] = [await generateNetworkKey(), await generateNetworkKey()];
    expect(await peerIdOfKey(a)).toBe(await peerIdOfKey(a.slice()));
    expect(await peerIdOfKey(a)).not.toBe(await peerIdOfKey(b));
  });

  test('bytes that are not an Ed25519 key are refused without showing them', async () => {
    for (const bytes of [new Uint8Array(), new Uint8Array(31).fill(7), new Uint8Array(68).fill(7)]) {
      const error = await peerIdOfKey(bytes).catch((e: unknown) => e);
      expect(hasCode(error, 'E_NETWORK_KEY')).toBe(true);
      expect(JSON.stringify((error as { facts: object }).facts)).toBe(`{"bytes":${bytes.length}}`);
    }
  });
});
