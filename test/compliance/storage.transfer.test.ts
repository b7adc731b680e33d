import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetwork, type LibP2pNetwork, type NetworkOptions } from '@chorus/network';
import { cidFromDigest, hasCode } from '@chorus/protocol';
import { createHeliaStorage, type HeliaStorage, type HeliaStorageOptions } from '@chorus/storage';
import { afterEach, describe, expect, test } from 'vitest';
import { patience, until } from '../patience.ts';

const BITSWAP = '/ipfs/bitswap/1.2.0';
const ask = { maxBytes: 20_000_000, timeoutMs: patience(30_000) };
const MB = 1024 * 1024;

interface Node {
  network: LibP2pNetwork;
  storage: HeliaStorage;
}

const nodes: Node[] = [];
const folders: string[] = [];
const start = async (
  options: NetworkOptions = {},
  storageOptions: Omit<HeliaStorageOptions, 'libp2p'> = {},
): Promise<Node> => {
  const network = await createNetwork(options);
  const storage = await createHeliaStorage({
    libp2p: network.libp2p,
    onWrongBlock: (peer) => network.blame(peer, 'wrong-block'),
    ...storageOptions,
  });
  const node = { network, storage };
  nodes.push(node);
  return node;
};
const link = async (a: Node, b: Node) => await a.network.connect(b.network.multiaddrs()[0]!);
const stop = async (node: Node) => {
  await node.storage.close();
  await node.network.close();
};
afterEach(async () => {
  await Promise.all(nodes.splice(0).map(stop));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});
/** Bytes of bitswap that came from a peer. */
const sentBy = async (from: Node, to: Node) => {
  const peer = (await to.network.stats()).peers.find((p) => p.peer === from.network.peerId);
  return peer?.bytes.in ?? 0;
};

describe('a transfer from several holders', () => {
  test('a transfer from several holders takes blocks from each of them, and each block once', async () => {
    const rate = 4_000_000;
    const holders = [
      await start({ uploadBytesPerSecond: rate }),
      await start({ uploadBytesPerSecond: rate }),
      await start({ uploadBytesPerSecond: rate }),
    ];
    const taker = await start();
    const bytes = new Uint8Array(randomBytes(12 * MB));
    let cid = '';
    for (const holder of holders) {
      cid = await holder.storage.put(bytes);
      await link(taker, holder);
    }
    const from = holders.map((holder) => holder.network.peerId);
    const got = await taker.storage.get(cid, { ...ask, from });
    expect(Buffer.from(got).equals(bytes)).toBe(true);
    const shares = await Promise.all(holders.map((holder) => sentBy(holder, taker)));
    for (const share of shares) expect(share).toBeGreaterThan(MB);
    // Asked for everything, all three would send 36 MiB.
    expect(shares.reduce((a, b) => a + b, 0)).toBeLessThan(18 * MB);
  });

  test('a transfer from several holders goes on with the others when a holder dies in the middle', async () => {
    const holders = [
      await start({ uploadBytesPerSecond: 2_000_000 }),
      await start({ uploadBytesPerSecond: 2_000_000 }),
    ] as const;
    const taker = await start();
    const bytes = new Uint8Array(randomBytes(8 * MB));
    let cid = '';
    for (const holder of holders) {
      cid = await holder.storage.put(bytes);
      await link(taker, holder);
    }
    const fetch = taker.storage.get(cid, { ...ask, from: holders.map((h) => h.network.peerId) });
    await until(() => taker.storage.usage().bytes > 2 * MB);
    await stop(nodes.splice(nodes.indexOf(holders[0]), 1)[0]!);
    expect(Buffer.from(await fetch).equals(bytes)).toBe(true);
  });
});

describe('a transfer that was cut off', () => {
  test('an interrupted transfer resumes, even after a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-resume-'));
    folders.push(folder);
    const holder = await start({ uploadBytesPerSecond: 3_000_000 });
    const bytes = new Uint8Array(randomBytes(10 * MB));
    const cid = await holder.storage.put(bytes);
    const from = [holder.network.peerId];
    const first = await start({}, { path: folder });
    await link(first, holder);
    const fetch = first.storage.get(cid, { ...ask, from });
    const cut = expect(fetch).rejects.toSatisfy((e) => hasCode(e, 'E_STORAGE_CLOSED'));
    await until(() => first.storage.usage().bytes > 4 * MB);
    await stop(nodes.splice(nodes.indexOf(first), 1)[0]!);
    await cut;
    const again = await start({}, { path: folder });
    const kept = again.storage.usage().bytes;
    expect(kept).toBeGreaterThan(4 * MB);
    await link(again, holder);
    expect(Buffer.from(await again.storage.get(cid, { ...ask, from })).equals(bytes)).toBe(true);
    expect(await sentBy(holder, again)).toBeLessThan(bytes.length - kept + 2 * MB);
  });
});

describe('a wrong block', () => {
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) | 128, ...varint(n >>> 7)]);
  const field = (number: number, data: Uint8Array) =>
    Buffer.concat([Uint8Array.from([(number << 3) | 2, ...varint(data.length)]), data]);
  /** A bitswap 1.2.0 message with one raw block. */
  const blockMessage = (data: Uint8Array) => {
    const block = Buffer.concat([field(1, Uint8Array.of(1, 0x55, 0x12, 32)), field(2, data)]);
    const message = field(3, block);
    return new Uint8Array(Buffer.concat([Uint8Array.from(varint(message.length)), message]));
  };
  const send = async (from: LibP2pNetwork, to: Node, data: Uint8Array) => {
    const stream = await from.libp2p.dialProtocol(to.network.libp2p.peerId, BITSWAP);
    stream.send(blockMessage(data));
    await stream.close().catch(() => undefined);
  };

  test('a wrong block bans its sender, is not kept, and the right one still comes from another', async () => {
    const [taker, honest] = [await start(), await start()];
    const liar = await createNetwork();
    const bytes = new Uint8Array(randomBytes(50_000));
    const cid = cidFromDigest(`0x${createHash('sha256').update(bytes).digest('hex')}`, bytes.length);
    // It answers every wantlist with something else.
    await liar.libp2p.handle(BITSWAP, async (stream, connection) => {
      await stream.close();
      if (connection.remotePeer.equals(taker.network.libp2p.peerId)) {
        await send(liar, taker, new Uint8Array(randomBytes(1000))).catch(() => undefined);
      }
    });
    await taker.network.connect(liar.multiaddrs()[0]!);
    await link(taker, honest);
    const fetch = taker.storage.get(cid, { ...ask, from: [liar.peerId, honest.network.peerId] });
    await until(() => taker.network.bans().length > 0);
    expect(taker.network.bans()).toMatchObject([{ peer: liar.peerId, reason: 'wrong-block' }]);
    await honest.storage.put(bytes);
    expect(await fetch).toEqual(bytes);
    expect(taker.storage.usage()).toEqual({ files: 1, bytes: bytes.length });
    await liar.close();
  });

  test('a duplicate block, or one that arrives just after the fetch ended, does not count as wrong', async () => {
    const taker = await start();
    const other = await createNetwork();
    await other.connect(taker.network.multiaddrs()[0]!);
    const bytes = new Uint8Array(randomBytes(1000));
    const cid = cidFromDigest(`0x${createHash('sha256').update(bytes).digest('hex')}`, bytes.length);
    const givenUp = taker.storage.get(cid, { ...ask, timeoutMs: 100 });
    await expect(givenUp).rejects.toSatisfy((e) => hasCode(e, 'E_STORAGE_UNAVAILABLE'));
    await send(other, taker, bytes);
    const fetch = taker.storage.get(cid, ask);
    await send(other, taker, bytes);
    expect(await fetch).toEqual(bytes);
    await send(other, taker, bytes);
    await until(() => taker.network.blameOf(other.peerId) > 0, 300);
    expect(taker.network.blameOf(other.peerId)).toBe(0);
    expect(taker.network.bans()).toEqual([]);
    await other.close();
  });
});

describe('a disk limit', () => {
  test('a disk limit holds while files come and go, and refuses a fetch without room next to the files to keep', async () => {
    const keep: string[] = [];
    const limited = await start({}, { limit: { maxBytes: 4 * MB, keep: () => keep } });
    const other = await start();
    await link(limited, other);
    const from = [other.network.peerId];
    keep.push(await limited.storage.put(new Uint8Array(randomBytes(2 * MB))));
    for (let i = 0; i < 4; i++) {
      const cid = await other.storage.put(new Uint8Array(randomBytes(MB)));
      await limited.storage.get(cid, { ...ask, from });
      expect(limited.storage.usage().bytes).toBeLessThanOrEqual(4 * MB);
    }
    const large = await other.storage.put(new Uint8Array(randomBytes(3 * MB)));
    const refused = await limited.storage.get(large, { ...ask, from }).catch((e: unknown) => e);
    expect(hasCode(refused, 'E_STORAGE_FULL')).toBe(true);
    expect(await limited.storage.has(keep[0]!)).toBe(true);
    expect(limited.storage.usage().bytes).toBeLessThanOrEqual(4 * MB);
    const { removed } = await limited.storage.collectGarbage({ keep, maxBytes: 0 });
    expect(removed).not.toContain(keep[0]);
    expect(limited.storage.usage().files).toBe(1);
  });
});
