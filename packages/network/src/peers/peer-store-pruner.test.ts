import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { Libp2p, PeerId } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { expect, test } from 'vitest';
import { MAX_REMEMBERED_STRANGERS } from '../core/limits.ts';
import { KNOWN, prunePeerStore } from './peer-store-pruner.ts';

const peer = async (n: number) => {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, n);
  return peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', seed));
};

test('the peer store keeps the last peers that left, and those that are known or connected again', async () => {
  const records = new Map<string, { tags: Map<string, unknown> }>();
  const connected = new Set<string>();
  const node = Object.assign(new EventTarget(), {
    getConnections: (id: PeerId) => (connected.has(id.toString()) ? [1] : []),
    peerStore: {
      get: async (id: PeerId) => {
        const record = records.get(id.toString());
        if (!record) throw new Error('not found');
        return record;
      },
      delete: async (id: PeerId) => void records.delete(id.toString()),
    },
  });
  const closing = new AbortController();
  prunePeerStore(node as unknown as Libp2p, closing.signal);
  const leave = async (n: number, tags: string[] = []) => {
    const id = await peer(n);
    records.set(id.toString(), { tags: new Map(tags.map((tag) => [tag, {}])) });
    node.dispatchEvent(new CustomEvent('peer:disconnect', { detail: id }));
    return id.toString();
  };
  const [known, back, stranger] = [await leave(1, Object.keys(KNOWN)), await leave(2), await leave(3)];
  connected.add(back);
  for (let n = 4; n < MAX_REMEMBERED_STRANGERS + 104; n++) await leave(n);
  await new Promise((resolve) => setImmediate(resolve));
  expect(records.size).toBe(MAX_REMEMBERED_STRANGERS + 2);
  expect([known, back, stranger].map((id) => records.has(id))).toEqual([true, true, false]);
  closing.abort();
  await leave(1_000_000);
  await leave(1_000_001);
  expect(records.size).toBe(MAX_REMEMBERED_STRANGERS + 4);
});
