import { setTimeout as sleep } from 'node:timers/promises';
import {
  createNetwork,
  type LibP2pNetwork,
  MAX_REQUESTS_PER_WINDOW,
  MAX_STORED_ADDRESSES,
  MAX_TOPIC_MESSAGES_PER_WINDOW,
} from '@chorus/network';
import { hasCode } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { patience, until } from '../patience.ts';

const ECHO = '/chorus/test/echo/1.0.0';
const TOPIC = '/chorus/1/hostile';
const MESHSUB = '/meshsub/1.2.0';
const ask = { timeoutMs: patience(5_000), maxResponseBytes: 1_000 };
const text = (s: string) => new TextEncoder().encode(s);

/** A victim, an honest peer of it, and a hostile peer that uses its libp2p node directly. */
describe('a hostile peer', () => {
  let victim: LibP2pNetwork;
  let honest: LibP2pNetwork;
  let hostile: LibP2pNetwork;
  let received: string[];

  beforeEach(async () => {
    [victim, honest, hostile] = (await Promise.all([createNetwork(), createNetwork(), createNetwork()])) as [
      LibP2pNetwork,
      LibP2pNetwork,
      LibP2pNetwork,
    ];
    received = [];
    victim.handle(ECHO, async (data) => data);
    victim.subscribe(TOPIC, ({ data }) => {
      const message = new TextDecoder().decode(data);
      received.push(message);
      return message.startsWith('bad') ? 'reject' : 'accept';
    });
    for (const peer of [honest, hostile]) {
      peer.subscribe(TOPIC, () => 'accept');
      await peer.connect(victim.multiaddrs()[0]!);
    }
    // Subscriptions have been exchanged once a message arrives.
    for (const peer of [honest, hostile]) {
      const hello = `hello from ${peer.peerId}`;
      for (let i = 0; i < 50 && !received.includes(hello); i++) {
        await peer.publish(TOPIC, text(hello));
        await until(() => received.includes(hello), 100);
      }
    }
  });

  afterEach(async () => {
    await Promise.all([victim, honest, hostile].map((network) => network.close()));
  });

  const honestIsServed = async () => {
    const reply = await honest.request(victim.peerId, ECHO, text('still there?'), ask);
    expect(new TextDecoder().decode(reply)).toBe('still there?');
    const mark = `still here ${received.length}`;
    await honest.publish(TOPIC, text(mark));
    await until(() => received.includes(mark));
    expect(received).toContain(mark);
    expect(victim.bans().map((ban) => ban.peer)).not.toContain(honest.peerId);
  };
  const isBanned = () => victim.bans().some((ban) => ban.peer === hostile.peerId);
  /** Write raw bytes to a stream of this protocol. */
  const send = async (protocol: string, ...parts: Uint8Array[]) => {
    const stream = await hostile.libp2p.dialProtocol(victim.libp2p.peerId, protocol);
    for (const part of parts) {
      if (stream.status !== 'open') break;
      if (!stream.send(part))
        await stream.onDrain({ signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    }
    return stream;
  };

  test('a hostile peer that announces oversized requests is banned: disconnected, and refused when it dials again', async () => {
    for (let i = 0; i < 3; i++) {
      const stream = await send(ECHO, Uint8Array.of(0xff, 0xff, 0xff, 0x7f), new Uint8Array(1_000));
      await until(() => stream.status !== 'open');
      expect(stream.status).not.toBe('open');
    }
    await until(isBanned);
    expect(victim.bans()).toMatchObject([{ peer: hostile.peerId, reason: 'oversized-request' }]);
    await until(() => !victim.peers().includes(hostile.peerId));
    expect(victim.peers()).toEqual([honest.peerId]);
    await hostile.connect(victim.multiaddrs()[0]!).catch(() => undefined);
    await sleep(100);
    expect(victim.peers()).toEqual([honest.peerId]);
    await expect(victim.connect(hostile.multiaddrs()[0]!)).rejects.toSatisfy((e) =>
      hasCode(e, 'E_NETWORK_DIAL'),
    );
    await honestIsServed();
  });

  test('a hostile peer is let in again when the ban is lifted', async () => {
    victim.ban(hostile.peerId, { reason: 'test' });
    await until(() => victim.peers().length === 1);
    victim.unban(hostile.peerId);
    await until(() => hostile.peers().length === 0);
    await hostile.connect(victim.multiaddrs()[0]!);
    await until(() => victim.peers().length === 2);
    expect(victim.peers()).toContain(hostile.peerId);
  });

  test('a hostile peer that floods with requests is banned while others are answered', async () => {
    const flood = (async () => {
      for (let i = 0; i < 6 * MAX_REQUESTS_PER_WINDOW && !isBanned(); i += 20) {
        const burst = Array.from({ length: 20 }, () => hostile.request(victim.peerId, ECHO, text('x'), ask));
        await Promise.allSettled(burst);
      }
    })();
    let over = false;
    const ended = flood.finally(() => {
      over = true;
    });
    let answered = 0;
    while (!over) {
      await honest.request(victim.peerId, ECHO, text('x'), ask);
      answered++;
      await sleep(20);
    }
    await ended;
    expect(isBanned()).toBe(true);
    expect(answered).toBeGreaterThan(0);
    await honestIsServed();
  });

  test('a hostile peer that opens streams and sends nothing delays no other peer', async () => {
    await Promise.all(Array.from({ length: 30 }, () => send(ECHO).catch(() => undefined)));
    await honestIsServed();
  });

  test('a hostile peer that gossips what every node rejects is banned', async () => {
    for (let i = 0; i < 40 && !isBanned(); i++) {
      await hostile.publish(TOPIC, text(`bad ${i}`)).catch(() => undefined);
      await sleep(20);
    }
    expect(victim.bans()).toMatchObject([{ peer: hostile.peerId, reason: 'rejected-message' }]);
    await honestIsServed();
  });

  test('a hostile peer that forges messages of others is not believed, and banned for a few small ones', async () => {
    const before = received.length;
    const frames = Array.from({ length: 4 }, (_, k) => forged(honest.libp2p.peerId.toMultihash().bytes, k));
    await send(MESHSUB, ...frames);
    await until(isBanned);
    expect(victim.bans()).toMatchObject([{ peer: hostile.peerId, reason: 'forged-message' }]);
    expect(received.slice(before)).toEqual([]);
    await honestIsServed();
  });

  test('hostile peers that each stay within their limits cannot make honest nodes ban each other', async () => {
    const friends = await Promise.all(Array.from({ length: 3 }, () => createNetwork()));
    try {
      for (const friend of friends) {
        friend.subscribe(TOPIC, () => 'accept');
        await friend.connect(victim.multiaddrs()[0]!);
      }
      // In both directions: a friend sends to the peers whose subscriptions it knows.
      const known = (network: LibP2pNetwork) => network.libp2p.services.pubsub.getSubscribers(TOPIC).length;
      await until(() => known(victim) === 5 && friends.every((friend) => known(friend) > 0));
      const payload = new Uint8Array(14_000).fill(65);
      const count = MAX_TOPIC_MESSAGES_PER_WINDOW;
      for (let i = 0; i < count; i++) {
        payload.set(text(String(i).padStart(5)));
        await Promise.all(friends.map((friend) => friend.publish(TOPIC, payload.slice())));
      }
      await until(() => received.length >= 3 * count);
      expect(received.length).toBeGreaterThanOrEqual(3 * count);
      expect(honest.bans()).toEqual([]);
      expect(honest.blameOf(victim.peerId)).toBe(0);
      expect(victim.bans()).toEqual([]);
      await honestIsServed();
    } finally {
      await Promise.all(friends.map((friend) => friend.close()));
    }
  });

  test.each([
    ['noise', Uint8Array.from({ length: 500 }, (_, i) => (i * 7919) & 255)],
    ['a frame of 1 GiB', Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x04, 1, 2, 3)],
    ['an endless length', new Uint8Array(64).fill(0xff)],
    ['a protobuf that ends early', Uint8Array.of(5, 0x12, 0x7f, 1, 2, 3)],
    ['nothing', new Uint8Array()],
  ])('a hostile peer that sends %s as gossip changes nothing for the others', async (_, bytes) => {
    await send(MESHSUB, bytes).catch(() => undefined);
    await send(ECHO, bytes).catch(() => undefined);
    await sleep(50);
    await honestIsServed();
  });

  test('a hostile peer that keeps naming new addresses has only a few stored, the last ones among them', async () => {
    for (let i = 0; i < 30; i++) {
      const addresses = Array.from({ length: 16 }, (_, k) => `/ip4/10.0.${i}.${k}/tcp/4001`);
      await victim.learn(hostile.peerId, addresses);
    }
    const { addresses } = await victim.libp2p.peerStore.get(hostile.libp2p.peerId);
    expect(addresses.length).toBeLessThanOrEqual(MAX_STORED_ADDRESSES);
    expect(addresses.map(({ multiaddr }) => multiaddr.toString())).toContain('/ip4/10.0.29.15/tcp/4001');
  });

  test('a hostile peer that subscribes to endless topics is bounded', async () => {
    for (let i = 0; i < 20; i++) {
      const subscriptions = Array.from({ length: 60 }, (_, k) =>
        field(1, [0x08, 1, ...field(2, [...text(`topic ${i} ${k} `.repeat(20))])]),
      );
      const frame = subscriptions.flat();
      await send(MESHSUB, Uint8Array.from([...varint(frame.length), ...frame])).catch(() => undefined);
    }
    await honestIsServed();
    const { pubsub } = victim.libp2p.services;
    const known = (pubsub as unknown as { topics: Map<string, unknown> }).topics;
    expect(known.size).toBeLessThan(100);
  });

  describe('over HTTP', () => {
    const HTTP = '/http/1.1';
    const limits = { timeoutMs: patience(20_000), maxResponseBytes: 1_000 };
    const get = () => new Request('http://agent/');
    let handled: number;
    beforeEach(() => {
      handled = 0;
      victim.serve(async (request) => {
        handled++;
        await request.arrayBuffer();
        return new Response('served');
      });
    });
    const honestIsAnswered = async () => {
      expect(await (await honest.fetch(victim.peerId, get(), limits)).text()).toBe('served');
      await honestIsServed();
    };

    test('a hostile peer that sends what is not HTTP is banned', async () => {
      for (let i = 0; i < 3 && !isBanned(); i++) {
        const before = victim.blameOf(hostile.peerId);
        await send(HTTP, text('\u0016\u0003\u0001 this is not HTTP\r\n\r\n')).catch(() => undefined);
        await until(() => victim.blameOf(hostile.peerId) > before || isBanned(), 5_000);
      }
      await until(isBanned);
      expect(victim.bans()).toMatchObject([{ peer: hostile.peerId, reason: 'http-malformed' }]);
      expect(handled).toBe(0);
      await honestIsAnswered();
    });

    test('a hostile peer that sends header bombs is refused each, and banned in the end', async () => {
      const bomb = text(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`);
      for (let i = 0; i < 12 && !isBanned(); i++) {
        const before = victim.blameOf(hostile.peerId);
        await send(HTTP, bomb).catch(() => undefined);
        await until(() => victim.blameOf(hostile.peerId) > before || isBanned(), 5_000);
      }
      await until(isBanned);
      expect(victim.bans()).toMatchObject([{ peer: hostile.peerId, reason: 'http-oversized' }]);
      expect(handled).toBe(0);
      await honestIsAnswered();
    });

    test('a hostile peer that opens streams and sends half a request has a bounded number, and delays no other peer', async () => {
      const half = text('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf');
      const open = async () => await send(HTTP, half).catch(() => undefined);
      const streams = await Promise.all(Array.from({ length: 100 }, open));
      const held = () => {
        const [connection] = victim.libp2p.getConnections(hostile.libp2p.peerId);
        return connection?.streams.filter(({ protocol }) => protocol === HTTP).length ?? 0;
      };
      await until(() => held() > 0);
      expect(held()).toBeLessThanOrEqual(64);
      await honestIsAnswered();
      for (const stream of streams) stream?.abort(new Error('gone'));
      await until(() => held() === 0);
      expect(held()).toBe(0);
    });

    test('a hostile peer that sends more body than a request may have is cut off and blamed', async () => {
      const chunk = new Uint8Array(65_536);
      let sent = 0;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          sent += chunk.length;
          if (sent > 64 * 1024 * 1024) controller.close();
          else controller.enqueue(chunk);
        },
      });
      const endless = new Request('http://agent/', { method: 'POST', body, duplex: 'half' } as RequestInit);
      const status = await hostile.fetch(victim.peerId, endless, limits).then(
        (response) => response.status,
        () => 'reset',
      );
      expect([413, 'reset']).toContain(status);
      expect(sent).toBeLessThan(32 * 1024 * 1024);
      expect(victim.blameOf(hostile.peerId)).toBeGreaterThan(5);
      await honestIsAnswered();
    });

    test('a hostile peer that floods with HTTP requests gets 429, and is banned if it goes on', async () => {
      const statuses = new Set<number>();
      for (let i = 0; i < 60 && !isBanned(); i++) {
        const burst = Array.from({ length: 20 }, async () => {
          const response = await hostile.fetch(victim.peerId, get(), limits);
          statuses.add(response.status);
          await response.arrayBuffer();
        });
        await Promise.allSettled(burst);
      }
      expect([...statuses].sort()).toEqual([200, 429]);
      expect(victim.bans()).toMatchObject([{ peer: hostile.peerId, reason: 'http-flood' }]);
      await honestIsAnswered();
    });
  });
});
const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) | 128, ...varint(Math.floor(n / 128))]);
const field = (number: number, data: number[]) => [(number << 3) | 2, ...varint(data.length), ...data];

/** A gossipsub frame (pubsub specification) of one message with an invalid signature. */
function forged(author: Uint8Array, sequence: number): Uint8Array {
  const message = [
    ...field(1, [...author]),
    ...field(2, [65]),
    ...field(3, [0, 0, 0, 0, 0, 0, sequence >> 8, sequence & 255]),
    ...field(4, [...text(TOPIC)]),
    ...field(5, [...new Uint8Array(64).fill(1)]),
  ];
  const rpc = field(2, message);
  return Uint8Array.from([...varint(rpc.length), ...rpc]);
}
