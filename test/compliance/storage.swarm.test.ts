import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createNetwork, type LibP2pNetwork } from '@chorus/network';
import type { StoragePort } from '@chorus/protocol';
import { createHeliaStorage } from '@chorus/storage';
import { afterEach, describe, expect, test } from 'vitest';
import { patience } from '../patience.ts';

const BITSWAP = '/ipfs/bitswap/1.2.0';
const ask = { maxBytes: 10_000_000, timeoutMs: patience(20_000) };

describe('a swarm that shares its libp2p nodes between gossip and storage', () => {
  const networks: LibP2pNetwork[] = [];
  const storages: StoragePort[] = [];
  const start = async (count: number) => {
    for (let i = 0; i < count; i++) networks.push(await createNetwork());
    for (const network of networks.slice(1)) await network.connect(networks[0]!.multiaddrs()[0]!);
    return networks;
  };
  const store = async () => {
    for (const { libp2p } of networks) storages.push(await createHeliaStorage({ libp2p }));
    return storages;
  };
  afterEach(async () => {
    await Promise.all(storages.splice(0).map((storage) => storage.close()));
    await Promise.all(networks.splice(0).map((network) => network.close()));
  });

  test('a message reaches seven new nodes', async () => {
    const nodes = await start(7);
    const got = new Set<string>();
    for (const node of nodes) {
      node.subscribe('/t', () => {
        got.add(node.peerId);
        return 'accept';
      });
    }
    // The mesh forms while it publishes: a message in it reaches all, and no node has to ask.
    while (got.size < 6) {
      await nodes[6]!.publish('/t', Uint8Array.of(1));
      await sleep(20);
    }
    expect(got).toEqual(new Set(nodes.slice(0, 6).map((node) => node.peerId)));
  });

  test('a round: five payloads put at once reach all seven, who have asked before', async () => {
    const nodes = await start(7);
    const stores = await store();
    for (const a of nodes) for (const b of nodes) await a.learn(b.peerId, b.multiaddrs());
    const payloads = Array.from({ length: 5 }, () => new Uint8Array(randomBytes(100_000)));
    const cids = await Promise.all(payloads.map((payload) => stores[0]!.cidOf(payload)));
    const fetches = stores.flatMap((storage) =>
      cids.map((cid, owner) => storage.get(cid, { ...ask, from: [nodes[owner]!.peerId] })),
    );
    await sleep(300);
    await Promise.all(payloads.map((payload, owner) => stores[owner]!.put(payload)));
    const got = await Promise.all(fetches);
    for (const [i, bytes] of got.entries()) expect(Buffer.from(bytes).equals(payloads[i % 5]!)).toBe(true);
  });

  test('a peer that accepts streams and never answers keeps no node from the file', async () => {
    const [a, b, hung] = (await start(3)) as [LibP2pNetwork, LibP2pNetwork, LibP2pNetwork];
    await b.connect(hung.multiaddrs()[0]!);
    await hung.libp2p.handle(BITSWAP, () => undefined);
    storages.push(
      await createHeliaStorage({ libp2p: a.libp2p }),
      await createHeliaStorage({ libp2p: b.libp2p }),
    );
    await sleep(100);
    const bytes = new Uint8Array(randomBytes(2_500_000));
    const cid = await storages[0]!.put(bytes);
    for (const from of [undefined, [hung.peerId, a.peerId], [a.peerId]]) {
      const got = await storages[1]!.get(cid, from ? { ...ask, from } : ask);
      expect(got.length).toBe(bytes.length);
      await storages[1]!.remove(cid);
    }
  });

  test('a fetch asks other peers after a while if the named peer does not have the file', async () => {
    const nodes = await start(3);
    const stores = await store();
    await nodes[1]!.connect(nodes[2]!.multiaddrs()[0]!);
    const bytes = new Uint8Array(randomBytes(1_000));
    const cid = await stores[2]!.put(bytes);
    // However little time there is.
    for (const timeoutMs of [ask.timeoutMs, patience(3_000)]) {
      expect(await stores[1]!.get(cid, { ...ask, timeoutMs, from: [nodes[0]!.peerId] })).toEqual(bytes);
      await stores[1]!.remove(cid);
    }
  });

  test('a fetch begun alone ends when a peer that has the file connects', async () => {
    const [a, b] = (await start(1)).concat(await createNetwork()) as [LibP2pNetwork, LibP2pNetwork];
    networks.push(b);
    const [from, to] = (await store()) as [StoragePort, StoragePort];
    const bytes = new Uint8Array(randomBytes(1_000));
    const cid = await from.put(bytes);
    const fetch = to.get(cid, { ...ask, from: [a.peerId] });
    await sleep(200);
    await a.connect(b.multiaddrs()[0]!);
    expect(await fetch).toEqual(bytes);
  });

  test('a process that closed its storage and network ends by itself', async () => {
    const script = `
      const { createNetwork } = await import('@chorus/network');
      const { createHeliaStorage } = await import('@chorus/storage');
      const [a, b] = [await createNetwork(), await createNetwork()];
      await b.connect(a.multiaddrs()[0]);
      const [sa, sb] = [await createHeliaStorage({ libp2p: a.libp2p }), await createHeliaStorage({ libp2p: b.libp2p })];
      const cid = await sa.put(new Uint8Array(5000));
      await sb.get(cid, { maxBytes: 5000, timeoutMs: 30000 });
      sb.get(await sa.cidOf(new Uint8Array(9)), { maxBytes: 9, timeoutMs: 3000000 }).catch(() => undefined);
      for (const part of [sa, sb, a, b]) await part.close();
      console.log('closed');
    `;
    const cwd = fileURLToPath(new URL('..', import.meta.url));
    const args = ['--conditions=@chorus/source', '--input-type=module', '-e', script];
    // It is ended, and this rejects, if a timer or a socket is left that keeps it alive.
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, timeout: patience(60_000) });
    expect(stdout).toBe('closed\n');
  });
});
