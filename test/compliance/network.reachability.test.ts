import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNetwork, generateNetworkKey, type LibP2pNetwork, type NetworkEvent } from '@chorus/network';
import { hasCode } from '@chorus/protocol';
import { createHeliaStorage } from '@chorus/storage';
import { afterEach, describe, expect, test } from 'vitest';
import { patience, until } from '../patience.ts';

const ECHO = '/chorus/test/echo/1.0.0';
const TOPIC = '/chorus/1/reach';
const ask = { timeoutMs: patience(10_000), maxResponseBytes: 100_000 };
const text = (s: string) => new TextEncoder().encode(s);

const networks: LibP2pNetwork[] = [];
const start = async (options: Parameters<typeof createNetwork>[0] = {}) => {
  const network = await createNetwork(options);
  networks.push(network);
  return network;
};
afterEach(async () => {
  await Promise.all(networks.splice(0).map((network) => network.close()));
});
const echo = async (a: LibP2pNetwork, b: LibP2pNetwork, size = 100) => {
  const bytes = new Uint8Array(randomBytes(size));
  expect(await a.request(b.peerId, ECHO, bytes, ask)).toEqual(bytes);
};

describe('transports', () => {
  test.each([
    ['WebSockets', '/ip4/127.0.0.1/tcp/0/ws', 'webSockets'],
    ['QUIC', '/ip4/127.0.0.1/udp/0/quic-v1', 'quic'],
  ] as const)(
    'two nodes talk over %s, a ban holds there, and bytes are counted by peer',
    async (_, listen, option) => {
      const [a, b] = [await start({ listen: [listen] }), await start({ [option]: true })];
      a.handle(ECHO, async (data) => data);
      expect(a.multiaddrs()).toHaveLength(1);
      await b.connect(a.multiaddrs()[0]!);
      await echo(b, a, 60_000);
      a.serve(async (request) => new Response(await request.arrayBuffer()));
      const large = new Uint8Array(randomBytes(2_000_000));
      const request = new Request('http://agent/', { method: 'POST', body: large });
      const limits = { timeoutMs: patience(20_000), maxResponseBytes: 3_000_000 };
      const response = await b.fetch(a.peerId, request, limits);
      expect(Buffer.from(await response.arrayBuffer()).equals(large)).toBe(true);
      const [seen] = (await a.stats()).peers;
      expect(seen).toMatchObject({ peer: b.peerId, connections: [{ direction: 'inbound', relayed: false }] });
      // Of QUIC, what arrives while the protocol is agreed on is not counted.
      expect(seen!.bytes.in).toBeGreaterThan(50_000);
      expect(seen!.bytes.out).toBeGreaterThan(60_000);
      a.ban(b.peerId);
      await until(() => b.peers().length === 0);
      await b.connect(a.multiaddrs()[0]!).catch(() => undefined);
      await until(() => a.peers().length > 0, 200);
      expect(a.peers()).toEqual([]);
    },
  );

  test.each([
    ['TCP', '/ip4/127.0.0.1/tcp/0', {}],
    ['WebSockets', '/ip4/127.0.0.1/tcp/0/ws', { webSockets: true }],
  ])(
    'the time of the last received byte over %s is known for each connection',
    async (_, listen, options) => {
      const [a, b] = [await start({ listen: [listen] }), await start(options)];
      a.handle(ECHO, async (data) => data);
      await b.connect(a.multiaddrs()[0]!);
      const heardAt = async (node: LibP2pNetwork) => (await node.stats()).peers[0]!.connections[0]!.heardAt;
      await sleep(300);
      const before = Date.now();
      expect(await heardAt(a)).toBeLessThan(before);
      await echo(b, a);
      expect(await heardAt(a)).toBeGreaterThanOrEqual(before);
      expect(await heardAt(b)).toBeGreaterThanOrEqual(before);
    },
  );

  test('QUIC with a byte rate is refused, since it would not be kept', async () => {
    await expect(start({ quic: true, uploadBytesPerSecond: 1_000_000 })).rejects.toSatisfy((e) =>
      hasCode(e, 'E_NETWORK_OPTIONS'),
    );
  });
});

describe('relays', () => {
  test('a node that cannot be dialled is reached through a relay: requests, gossip, payloads and HTTP', async () => {
    const relay = await start({ relayServer: true });
    const bootstrap = relay.multiaddrs();
    // It listens on no address: peers must connect through the relay.
    const hidden = await start({ listen: [], relayClient: true, bootstrap });
    const outside = await start({ relayClient: true, bootstrap });
    hidden.handle(ECHO, async (data) => data);
    await until(() => hidden.multiaddrs().length > 0);
    const [address] = hidden.multiaddrs();
    expect(address).toContain(`${relay.peerId}/p2p-circuit/p2p/${hidden.peerId}`);
    await outside.connect(address!);
    await echo(outside, hidden, 50_000);
    const received: string[] = [];
    hidden.subscribe(TOPIC, ({ data, from }) => {
      if (from === outside.peerId) received.push(new TextDecoder().decode(data));
      return 'accept';
    });
    outside.subscribe(TOPIC, () => 'accept');
    for (let i = 0; i < 50 && received.length === 0; i++) {
      await outside.publish(TOPIC, text('through the relay'));
      await until(() => received.length > 0, 100);
    }
    expect(received).toContain('through the relay');
    const [from, to] = [
      await createHeliaStorage({ libp2p: hidden.libp2p }),
      await createHeliaStorage({ libp2p: outside.libp2p }),
    ];
    const bytes = new Uint8Array(randomBytes(3_000_000));
    const cid = await from.put(bytes);
    const got = await to.get(cid, {
      maxBytes: 4_000_000,
      timeoutMs: patience(20_000),
      from: [hidden.peerId],
    });
    expect(Buffer.from(got).equals(bytes)).toBe(true);
    hidden.serve(async (request, peer) => new Response(`${await request.text()} from ${peer}`));
    const request = new Request('http://agent/', { method: 'POST', body: 'HTTP' });
    const response = await outside.fetch(hidden.peerId, request, {
      timeoutMs: patience(20_000),
      maxResponseBytes: 1_000,
    });
    expect(await response.text()).toBe(`HTTP from ${outside.peerId}`);
    expect((await outside.stats()).connections.relayed).toBe(1);
    await Promise.all([from.close(), to.close()]);
  });

  test('a banned peer gets no place at the relay', async () => {
    const relay = await start({ relayServer: true });
    const hidden = await start({ listen: [], relayClient: true });
    relay.ban(hidden.peerId);
    await hidden.connect(relay.multiaddrs()[0]!).catch(() => undefined);
    await sleep(500);
    expect(hidden.multiaddrs()).toEqual([]);
  });
});

test('a node with every option on starts, works and closes', async () => {
  const options = {
    dht: 'auto',
    mdns: true,
    relayClient: true,
    relayServer: true,
    autoNat: true,
    holePunching: true,
    upnp: true,
    quic: true,
    webSockets: true,
  } as const;
  const [a, b] = [await start(options), await start(options)];
  a.handle(ECHO, async (data) => data);
  await b.connect(a.multiaddrs()[0]!);
  await echo(b, a);
});

describe('bans', () => {
  test('bans survive a restart if they have a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-network-'));
    const options = { privateKey: await generateNetworkKey(), banFile: join(folder, 'bans.json') };
    const other = await start();
    const before = await createNetwork(options);
    before.ban(other.peerId, { reason: 'test' });
    await before.close();
    const after = await start(options);
    expect(after.bans()).toMatchObject([{ peer: other.peerId, reason: 'test' }]);
    await other.connect(after.multiaddrs()[0]!).catch(() => undefined);
    await sleep(100);
    expect(after.peers()).toEqual([]);
    await rm(folder, { recursive: true });
  });

  test('bans and connections are reported', async () => {
    const events: NetworkEvent[] = [];
    const [a, b] = [await start({ onEvent: (event) => events.push(event) }), await start()];
    await b.connect(a.multiaddrs()[0]!);
    await until(() => events.some((e) => e.type === 'peer-connected'));
    for (let i = 0; i < 3; i++) a.blame(b.peerId, 'oversized-request');
    await until(() => events.some((e) => e.type === 'peer-disconnected'));
    expect(events.filter((e) => e.type !== 'addresses-changed')).toMatchObject([
      { type: 'peer-connected', peer: b.peerId, direction: 'inbound' },
      { type: 'banned', peer: b.peerId, reason: 'oversized-request' },
      { type: 'peer-disconnected', peer: b.peerId },
    ]);
  });
});

describe('limits', () => {
  test.each(['uploadBytesPerSecond', 'downloadBytesPerSecond'] as const)(
    '%s holds, and nothing is lost',
    async (limit) => {
      const rate = 1_000_000;
      const [a, b] =
        limit === 'uploadBytesPerSecond'
          ? [await start({ [limit]: rate }), await start()]
          : [await start(), await start({ [limit]: rate })];
      await b.connect(a.multiaddrs()[0]!);
      const [from, to] = [
        await createHeliaStorage({ libp2p: a.libp2p }),
        await createHeliaStorage({ libp2p: b.libp2p }),
      ];
      const bytes = new Uint8Array(randomBytes(3_000_000));
      const cid = await from.put(bytes);
      const started = performance.now();
      const got = await to.get(cid, { maxBytes: 4_000_000, timeoutMs: patience(30_000), from: [a.peerId] });
      const seconds = (performance.now() - started) / 1_000;
      expect(Buffer.from(got).equals(bytes)).toBe(true);
      // A quarter of a second's bytes may be saved up, and one chunk may overdraw the bucket.
      expect(seconds).toBeGreaterThan(2.5);
      await Promise.all([from.close(), to.close()]);
    },
  );

  test('connections beyond the number allowed are refused', async () => {
    const a = await start({ maxConnections: 2 });
    const others = [await start(), await start(), await start()];
    for (const other of others) await other.connect(a.multiaddrs()[0]!).catch(() => undefined);
    await sleep(200);
    expect(a.peers().length).toBe(2);
  });

  test('an author that publishes too much on a topic is cut off there, and others are heard', async () => {
    const [a, loud, quiet] = [await start(), await start(), await start()];
    const heard = new Map<string, number>();
    a.subscribe(TOPIC, ({ from }) => {
      heard.set(from, (heard.get(from) ?? 0) + 1);
      return 'accept';
    });
    for (const other of [loud, quiet]) {
      other.subscribe(TOPIC, () => 'accept');
      await other.connect(a.multiaddrs()[0]!);
    }
    await until(() => a.libp2p.services.pubsub.getSubscribers(TOPIC).length === 2);
    await until(() => loud.libp2p.services.pubsub.getSubscribers(TOPIC).length > 0);
    await until(() => quiet.libp2p.services.pubsub.getSubscribers(TOPIC).length > 0);
    for (let i = 0; i < 120; i++) await loud.publish(TOPIC, text(`${i}`));
    await until(() => a.blameOf(loud.peerId) > 0);
    expect(heard.get(loud.peerId)).toBe(100);
    expect(a.blameOf(loud.peerId)).toBeGreaterThan(0);
    await quiet.publish(TOPIC, text('and I?'));
    await until(() => heard.has(quiet.peerId));
    expect(heard.get(quiet.peerId)).toBe(1);
    const topic = (await a.stats()).topics.find((t) => t.topic === TOPIC);
    expect(topic).toMatchObject({ accepted: 101, subscribers: 2 });
    expect(topic!.ignored).toBeGreaterThan(0);
  });
});

test('a peer’s additional score is part of its score, within bounds, and a failing one counts nothing', async () => {
  const standings = new Map<string, number>();
  const a = await start({
    peerScore: (peer) => {
      const value = standings.get(peer);
      if (value === undefined) throw new Error('unknown');
      return value;
    },
  });
  const [staked, shunned, unknown] = [await start(), await start(), await start()];
  standings.set(staked.peerId, 1e9);
  standings.set(shunned.peerId, -20);
  for (const other of [staked, shunned, unknown]) await other.connect(a.multiaddrs()[0]!);
  await until(() => a.libp2p.services.pubsub.getPeers().length === 3);
  const { peers } = await a.stats();
  const of = (network: LibP2pNetwork) => peers.find((p) => p.peer === network.peerId)!;
  expect(of(staked)).toMatchObject({ peerScore: 50, blame: 0 });
  expect(of(staked).score).toBeGreaterThanOrEqual(50);
  expect(of(shunned).score).toBeLessThanOrEqual(-19);
  expect(of(unknown).peerScore).toBe(0);
});

test('a bootstrap peer that comes back is connected again', async () => {
  const privateKey = await generateNetworkKey();
  const hub = await createNetwork({ privateKey });
  const [address] = hub.multiaddrs();
  const node = await start({ bootstrap: [address!] });
  expect(node.peers()).toEqual([hub.peerId]);
  await hub.close();
  await until(() => node.peers().length === 0);
  expect((await node.stats()).lost).toEqual([address]);
  const listen = [address!.split('/p2p/')[0]!];
  const again = await start({ privateKey, listen });
  await until(() => node.peers().length > 0);
  expect(node.peers()).toEqual([again.peerId]);
});
