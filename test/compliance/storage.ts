import { createHash, randomBytes } from 'node:crypto';
import { CHUNK_BYTES, cidFromDigest, hasCode, type StoragePort, sha256Hex } from '@chorus/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { patience } from '../patience.ts';
import { cutByHand } from '../twins/storage.ts';

/** One storage and the peer id under which others may find it. */
export interface StorageNode {
  storage: StoragePort;
  peerId: string;
}

/** Starts `count` storages that can reach each other. `close` ends whatever is under them. */
export type StorageFactory = (count: number) => Promise<{ nodes: StorageNode[]; close(): Promise<void> }>;

const MB = 1024 * 1024;
const ask = { maxBytes: 16 * MB, timeoutMs: patience(10_000) };

/** Behaviour of every implementation of the storage port. */
export function describeStorage(name: string, factory: StorageFactory): void {
  describe(`storage port: ${name}`, () => {
    let swarm: Awaited<ReturnType<StorageFactory>> | undefined;
    const start = async (count: number) => {
      swarm = await factory(count);
      return swarm.nodes as [StorageNode, StorageNode, StorageNode];
    };
    afterEach(async () => {
      await Promise.all(swarm?.nodes.map((node) => node.storage.close()) ?? []);
      await swarm?.close();
      swarm = undefined;
    });

    test('the CID of a file of one chunk is its sha2-256', async () => {
      const [a] = await start(1);
      for (const size of [0, 1, 1000, CHUNK_BYTES]) {
        const bytes = new Uint8Array(randomBytes(size));
        const expected = cidFromDigest(sha256Hex(bytes), size);
        expect(await a.storage.cidOf(bytes)).toBe(expected);
        expect(await a.storage.put(bytes)).toBe(expected);
        expect(await a.storage.get(expected, ask)).toEqual(bytes);
      }
    });

    test('the CID of a file of several chunks is what the specifications say', async () => {
      const [a] = await start(1);
      for (const size of [CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3_500_000]) {
        const bytes = new Uint8Array(randomBytes(size));
        expect(await a.storage.cidOf(bytes)).toBe(cutByHand(bytes).root);
        expect(await a.storage.put(bytes)).toBe(cutByHand(bytes).root);
      }
    });

    test('computing a CID stores and provides nothing', async () => {
      const [a, b] = await start(2);
      const bytes = randomBytes(5000);
      const cid = await a.storage.cidOf(bytes);
      expect(await a.storage.has(cid)).toBe(false);
      await expect(b.storage.get(cid, { ...ask, timeoutMs: 300, from: [a.peerId] })).rejects.toSatisfy((e) =>
        hasCode(e, 'E_STORAGE_UNAVAILABLE'),
      );
    });

    test.each([
      [0, 'nothing'],
      [100, 'a little'],
      [CHUNK_BYTES, 'one chunk'],
      [CHUNK_BYTES + 1, 'one chunk and a byte'],
      [3 * MB, '3 MiB'],
      [5_000_000, 'some chunks and a rest'],
    ])('%i bytes (%s) travel from one to the other', async (size) => {
      const [a, b] = await start(2);
      const bytes = new Uint8Array(randomBytes(size));
      const cid = await a.storage.put(bytes);
      expect(cid).toBe(await b.storage.cidOf(bytes));
      const got = await b.storage.get(cid, { ...ask, from: [a.peerId] });
      expect(Buffer.from(got).equals(bytes)).toBe(true);
      expect(await b.storage.has(cid)).toBe(true);
    });

    test('a file is found without naming its holder', async () => {
      const [a, b] = await start(2);
      const bytes = new Uint8Array(randomBytes(2000));
      const cid = await a.storage.put(bytes);
      expect(await b.storage.get(cid, ask)).toEqual(bytes);
    });

    test('a fetch that began before the file was put gets it', async () => {
      const [a, b] = await start(2);
      for (const size of [200_000, 3 * MB]) {
        const bytes = new Uint8Array(randomBytes(size));
        const cid = await a.storage.cidOf(bytes);
        let arrived = false;
        const fetch = b.storage.get(cid, { ...ask, from: [a.peerId] }).finally(() => {
          arrived = true;
        });
        await new Promise((resolve) => setTimeout(resolve, 150));
        expect(arrived).toBe(false);
        await a.storage.put(bytes);
        expect(Buffer.from(await fetch).equals(bytes)).toBe(true);
      }
    });

    test('many fetches of one file share it, and each can be given up alone', async () => {
      const [a, b] = await start(2);
      const bytes = new Uint8Array(randomBytes(100_000));
      const cid = await a.storage.cidOf(bytes);
      const abort = new AbortController();
      const given = b.storage.get(cid, { ...ask, signal: abort.signal });
      const kept = [b.storage.get(cid, ask), b.storage.get(cid, ask)];
      setTimeout(() => abort.abort(new Error('enough')), 50);
      await expect(given).rejects.toThrow('enough');
      const again = b.storage.get(cid, ask);
      await a.storage.put(bytes);
      for (const got of await Promise.all([...kept, again])) expect(got).toEqual(bytes);
    });

    test('a fetch ends when the same node puts the file', async () => {
      const [a] = await start(1);
      const bytes = new Uint8Array(randomBytes(2_000_000));
      const fetch = a.storage.get(await a.storage.cidOf(bytes), ask);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await a.storage.put(bytes);
      expect(Buffer.from(await fetch).equals(bytes)).toBe(true);
    });

    test('a third node fetches a file from a node that still has it', async () => {
      const [a, b, c] = await start(3);
      const bytes = new Uint8Array(randomBytes(1_500_000));
      const cid = await a.storage.put(bytes);
      await b.storage.get(cid, { ...ask, from: [a.peerId] });
      await a.storage.remove(cid);
      const got = await c.storage.get(cid, { ...ask, from: [a.peerId, b.peerId] });
      expect(Buffer.from(got).equals(bytes)).toBe(true);
    });

    test('a file longer than allowed is refused, of one chunk and of several', async () => {
      const [a, b] = await start(2);
      for (const size of [1000, 3 * MB]) {
        const cid = await a.storage.put(new Uint8Array(randomBytes(size)));
        for (const who of [a, b]) {
          await expect(
            who.storage.get(cid, { ...ask, maxBytes: size - 1, from: [a.peerId] }),
          ).rejects.toSatisfy((e) => hasCode(e, 'E_STORAGE_TOO_LARGE'));
        }
        expect((await b.storage.get(cid, { ...ask, maxBytes: size, from: [a.peerId] })).length).toBe(size);
      }
    });

    test('a file that no node has is unavailable after the timeout, not before', async () => {
      const [a, b] = await start(2);
      const cid = await a.storage.cidOf(randomBytes(100));
      const started = performance.now();
      await expect(
        b.storage.get(cid, { ...ask, timeoutMs: 400.5, from: [a.peerId, 'nonsense'] }),
      ).rejects.toSatisfy((e) => hasCode(e, 'E_STORAGE_UNAVAILABLE'));
      expect(performance.now() - started).toBeGreaterThan(350);
    });

    test('text that is not a CID of this network is refused by every function', async () => {
      const [a] = await start(1);
      const texts = ['', 'nonsense', 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKtBYq', '../../etc/passwd'];
      for (const text of texts) {
        const refused = (e: unknown) => hasCode(e, 'E_CID');
        await expect(a.storage.get(text, ask)).rejects.toSatisfy(refused);
        await expect(a.storage.has(text)).rejects.toSatisfy(refused);
        await expect(a.storage.remove(text)).rejects.toSatisfy(refused);
      }
    });

    test('an aborted fetch rejects with the reason of its signal', async () => {
      const [a] = await start(1);
      const cid = await a.storage.cidOf(randomBytes(100));
      await expect(
        a.storage.get(cid, { ...ask, signal: AbortSignal.abort(new Error('enough')) }),
      ).rejects.toThrow('enough');
      const abort = new AbortController();
      setTimeout(() => abort.abort(new Error('later')), 50);
      await expect(a.storage.get(cid, { ...ask, signal: abort.signal })).rejects.toThrow('later');
    });

    test('putting twice is putting once, and what was removed is neither held nor served', async () => {
      const [a, b] = await start(2);
      for (const size of [1000, 2 * MB]) {
        const bytes = new Uint8Array(randomBytes(size));
        const cid = await a.storage.put(bytes);
        expect(await a.storage.put(bytes)).toBe(cid);
        expect(await a.storage.has(cid)).toBe(true);
        await a.storage.remove(cid);
        await a.storage.remove(cid);
        expect(await a.storage.has(cid)).toBe(false);
        await expect(b.storage.get(cid, { ...ask, timeoutMs: 300, from: [a.peerId] })).rejects.toSatisfy(
          (e) => hasCode(e, 'E_STORAGE_UNAVAILABLE'),
        );
        await a.storage.put(bytes);
        expect((await b.storage.get(cid, { ...ask, from: [a.peerId] })).length).toBe(size);
      }
    });

    test('removing a file keeps the blocks that another file needs', async () => {
      const [a, b] = await start(2);
      const chunk = new Uint8Array(randomBytes(CHUNK_BYTES));
      const first = Buffer.concat([chunk, randomBytes(1000)]);
      const second = Buffer.concat([chunk, randomBytes(2000)]);
      const cids = [
        await a.storage.put(first),
        await a.storage.put(second),
        await a.storage.put(chunk),
      ] as const;
      await a.storage.remove(cids[0]);
      expect(await a.storage.has(cids[0])).toBe(false);
      expect(await a.storage.has(cids[1])).toBe(true);
      await a.storage.remove(cids[2]);
      const got = await b.storage.get(cids[1], { ...ask, from: [a.peerId] });
      expect(Buffer.from(got).equals(second)).toBe(true);
    });

    test('the bytes given and returned belong to the caller', async () => {
      const [a] = await start(1);
      const bytes = new Uint8Array(randomBytes(1000));
      const digest = createHash('sha256').update(bytes).digest('hex');
      const cid = await a.storage.put(bytes);
      bytes.fill(0);
      (await a.storage.get(cid, ask)).fill(1);
      const got = await a.storage.get(cid, ask);
      expect(createHash('sha256').update(got).digest('hex')).toBe(digest);
    });

    test('closing twice is closing once, ends waiting fetches, and a closed storage refuses work', async () => {
      const [a] = await start(1);
      const cid = await a.storage.cidOf(randomBytes(100));
      const waiting = a.storage.get(cid, ask);
      const ended = expect(waiting).rejects.toSatisfy((e) => hasCode(e, 'E_STORAGE_CLOSED'));
      await new Promise((resolve) => setTimeout(resolve, 50));
      await Promise.all([a.storage.close(), a.storage.close()]);
      await ended;
      await expect(a.storage.put(randomBytes(10))).rejects.toSatisfy((e) => hasCode(e, 'E_STORAGE_CLOSED'));
    });
  });
}
