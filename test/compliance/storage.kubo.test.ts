import { hasCode } from '@chorus/protocol';
import { createKuboStorage } from '@chorus/storage';
import { afterEach, describe, expect, test } from 'vitest';
import { FakeKubo, FakeSwarm } from '../twins/kubo.ts';
import { describeStorage } from './storage.ts';

describeStorage('a Kubo daemon over RPC', async (count) => {
  const swarm = new FakeSwarm();
  const daemons = await Promise.all(Array.from({ length: count }, () => FakeKubo.start(swarm)));
  const nodes = await Promise.all(
    daemons.map(async (daemon, i) => ({
      storage: await createKuboStorage({ url: daemon.url }),
      peerId: `peer${i}`,
    })),
  );
  return { nodes, close: async () => void (await Promise.all(daemons.map((daemon) => daemon.stop()))) };
});

describe('a Kubo daemon', () => {
  let daemon: FakeKubo | undefined;
  afterEach(async () => {
    await daemon?.stop();
    daemon = undefined;
  });
  const ask = { maxBytes: 1000, timeoutMs: 2000 };
  const bytes = new TextEncoder().encode('what a daemon holds');

  test('a Kubo daemon gets the chunking of files, pins, and the peers to connect to', async () => {
    daemon = await FakeKubo.start(new FakeSwarm());
    const storage = await createKuboStorage({ url: daemon.url });
    const cid = await storage.put(bytes);
    await storage.get(cid, { ...ask, from: ['12D3KooWPeer'] });
    const add = daemon.requests.find((line) => line.startsWith('add?')) ?? '';
    for (const option of [
      'cid-version=1',
      'raw-leaves=true',
      'chunker=size-1048576',
      'pin=true',
      'max-file-links=1024',
    ]) {
      expect(add).toContain(option);
    }
    expect(
      daemon.requests.some((line) => line.startsWith('swarm/connect?') && line.includes('12D3KooWPeer')),
    ).toBe(true);
    await storage.close();
  });

  test('a wrong block from a Kubo daemon is refused', async () => {
    daemon = await FakeKubo.start(new FakeSwarm());
    const storage = await createKuboStorage({ url: daemon.url });
    const cid = await storage.put(bytes);
    daemon.corrupt = true;
    await expect(storage.get(cid, ask)).rejects.toSatisfy((e) => hasCode(e, 'E_STORAGE_KUBO'));
    await storage.close();
  });

  test('a Kubo daemon gets the user and password of its address as basic authorization', async () => {
    daemon = await FakeKubo.start(new FakeSwarm());
    const storage = await createKuboStorage({ url: daemon.url.replace('//', '//user:p%40ss@') });
    await storage.put(bytes);
    expect(daemon.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    await storage.close();
  });

  test('a Kubo daemon that does not answer is named as such, without the password in its address', async () => {
    daemon = await FakeKubo.start(new FakeSwarm());
    const { url } = daemon;
    const storage = await createKuboStorage({ url });
    await daemon.stop();
    await expect(storage.put(bytes)).rejects.toSatisfy((e) => hasCode(e, 'E_STORAGE_KUBO'));
    await expect(storage.has(await storage.cidOf(bytes))).rejects.toSatisfy((e) =>
      hasCode(e, 'E_STORAGE_KUBO'),
    );
    await storage.close();
    const refused = await createKuboStorage({ url: url.replace('//', '//user:secret@') }).catch(
      (e: unknown) => e,
    );
    expect(hasCode(refused, 'E_STORAGE_KUBO')).toBe(true);
    expect(JSON.stringify((refused as { facts: object }).facts)).not.toContain('secret');
  });
});
