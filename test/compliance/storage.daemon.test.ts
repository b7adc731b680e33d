import { randomBytes } from 'node:crypto';
import { createNetwork, type LibP2pNetwork } from '@chorus/network';
import { hasCode } from '@chorus/protocol';
import { createHeliaStorage, createKuboStorage, type HeliaStorage, withDaemon } from '@chorus/storage';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { patience } from '../patience.ts';
import { FakeKubo, FakeSwarm } from '../twins/kubo.ts';
import { describeStorage } from './storage.ts';

/** Storage of a node of `network` with a daemon of its own. */
async function storageOf({ libp2p }: LibP2pNetwork, daemon: FakeKubo, onError = (_: unknown) => {}) {
  const kubo = await createKuboStorage({ url: daemon.url });
  return withDaemon(await createHeliaStorage({ libp2p }), kubo, onError);
}

describeStorage('bitswap between nodes, each with a daemon', async (count) => {
  const networks: LibP2pNetwork[] = [];
  const daemons: FakeKubo[] = [];
  for (let i = 0; i < count; i++) {
    const network = await createNetwork();
    for (const other of networks) await network.connect(other.multiaddrs()[0]!);
    networks.push(network);
    // Each alone: what one node has must come to the others over their own connections.
    daemons.push(await FakeKubo.start(new FakeSwarm()));
  }
  const nodes = await Promise.all(
    networks.map(async (network, i) => ({
      peerId: network.peerId,
      storage: await storageOf(network, daemons[i]!),
    })),
  );
  const close = async () => {
    await Promise.all([...networks.map((each) => each.close()), ...daemons.map((each) => each.stop())]);
  };
  return { nodes, close };
});

describe('storage with a daemon', () => {
  const ask = { maxBytes: 5_000_000, timeoutMs: patience(8_000) };
  let swarm: FakeSwarm;
  let daemons: FakeKubo[];
  let networks: LibP2pNetwork[];
  let told: unknown[];
  let storage: HeliaStorage;
  beforeEach(async () => {
    swarm = new FakeSwarm();
    daemons = [await FakeKubo.start(swarm), await FakeKubo.start(swarm)];
    networks = [await createNetwork()];
    told = [];
    storage = await storageOf(networks[0]!, daemons[0]!, (error) => told.push(error));
  });
  afterEach(async () => {
    await storage.close();
    await Promise.all([...networks.map((each) => each.close()), ...daemons.map((each) => each.stop())]);
  });

  test('storage with a daemon pins put files there, and unpins them with `remove`', async () => {
    const bytes = new Uint8Array(randomBytes(2_500_000));
    const cid = await storage.put(bytes);
    await vi.waitFor(() => expect(daemons[0]!.pinned).toEqual([cid]));
    await storage.remove(cid);
    expect(daemons[0]!.pinned).toEqual([]);
  });

  test('storage with a daemon fetches files that no peer has, and serves them from then on', async () => {
    const bytes = new Uint8Array(randomBytes(2_500_000));
    const publisher = await createKuboStorage({ url: daemons[1]!.url });
    const cid = await publisher.put(bytes);
    expect(await storage.get(cid, ask)).toEqual(bytes);
    expect(await storage.has(cid)).toBe(true);
    const other = await createNetwork({ bootstrap: networks[0]!.multiaddrs() });
    networks.push(other);
    const his = await createHeliaStorage({ libp2p: other.libp2p });
    expect(await his.get(cid, { ...ask, from: [networks[0]!.peerId] })).toEqual(bytes);
    await his.close();
    await publisher.close();
  });

  test('storage with a daemon reports an unavailable file and an aborted search as it does without a daemon', async () => {
    const cid = await storage.cidOf(new Uint8Array(randomBytes(100)));
    await expect(storage.get(cid, { ...ask, timeoutMs: 300 })).rejects.toSatisfy((e) =>
      hasCode(e, 'E_STORAGE_UNAVAILABLE'),
    );
    const why = new Error('not wanted any more');
    const signal = AbortSignal.timeout(100);
    const aborted = new AbortController();
    signal.addEventListener('abort', () => aborted.abort(why));
    await expect(storage.get(cid, { ...ask, signal: aborted.signal })).rejects.toBe(why);
    expect(told).toEqual([]);
  });

  test('storage with a daemon continues after the daemon has gone, and reports that', async () => {
    await daemons[0]!.stop();
    const bytes = new Uint8Array(randomBytes(1000));
    const cid = await storage.put(bytes);
    expect(await storage.get(cid, ask)).toEqual(bytes);
    await vi.waitFor(() => expect(told.length).toBe(1));
    expect(hasCode(told[0], 'E_STORAGE_KUBO')).toBe(true);
  });

  test('storage with a daemon refuses another file from the daemon', async () => {
    const publisher = await createKuboStorage({ url: daemons[1]!.url });
    const cid = await publisher.put(new Uint8Array(randomBytes(1000)));
    daemons[0]!.corrupt = true;
    await expect(storage.get(cid, { ...ask, timeoutMs: 1_000 })).rejects.toSatisfy((e) =>
      hasCode(e, 'E_STORAGE_UNAVAILABLE'),
    );
    expect(told.map((error) => hasCode(error, 'E_STORAGE_KUBO'))).toEqual([true]);
    await publisher.close();
  });
});
