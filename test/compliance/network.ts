import { setTimeout as sleep } from 'node:timers/promises';
import {
  hasCode,
  MAX_GOSSIP_BYTES,
  MAX_MESSAGE_BYTES,
  type NetworkPort,
  type Verdict,
} from '@chorus/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { patience, until } from '../patience.ts';

/** Starts `count` nodes that know nothing of each other. */
export type NetworkFactory = (count: number) => Promise<NetworkPort[]>;

const TOPIC = '/chorus/1/31337/0x0000000000000000000000000000000000000000/tasks';
const ECHO = '/chorus/test/echo/1.0.0';
const text = (s: string) => new TextEncoder().encode(s);
const read = (b: Uint8Array) => new TextDecoder().decode(b);
const ask = { timeoutMs: patience(5_000), maxResponseBytes: 1_000 };

/** Behaviour of every implementation of the network port. */
export function describeNetwork(name: string, factory: NetworkFactory): void {
  describe(`network port: ${name}`, () => {
    let nodes: NetworkPort[] = [];
    const start = async (count: number) => {
      nodes = await factory(count);
      return nodes as [NetworkPort, NetworkPort, NetworkPort, NetworkPort, NetworkPort];
    };
    afterEach(async () => {
      await Promise.all(nodes.map((node) => node.close()));
      nodes = [];
    });

    /** Everything a node received on the topic; its verdict is given. */
    const collect = (node: NetworkPort, verdict: Verdict = 'accept') => {
      const received: { text: string; from: string }[] = [];
      node.subscribe(TOPIC, ({ data, from }) => {
        received.push({ text: read(data), from });
        return verdict;
      });
      return received;
    };
    const link = async (...chain: NetworkPort[]) => {
      for (let i = 1; i < chain.length; i++) await chain[i]!.connect(chain[i - 1]!.multiaddrs()[0]!);
    };
    /** Publish again and again until it holds: subscriptions travel too. */
    const publishUntil = async (node: NetworkPort, message: string, holds: () => boolean) => {
      for (let i = 0; i < 100 && !holds(); i++) {
        await node.publish(TOPIC, text(message));
        await until(holds, 200);
      }
      expect(holds()).toBe(true);
    };

    test('the network port has a peer id and addresses that end in it', async () => {
      const [a] = await start(1);
      expect(a.multiaddrs().length).toBeGreaterThan(0);
      for (const address of a.multiaddrs()) expect(address.endsWith(`/p2p/${a.peerId}`)).toBe(true);
      expect(a.peers()).toEqual([]);
    });

    test('the network port connects by address, and both sides see it', async () => {
      const [a, b] = await start(2);
      await b.connect(a.multiaddrs()[0]!);
      expect(b.peers()).toEqual([a.peerId]);
      await until(() => a.peers().length === 1);
      expect(a.peers()).toEqual([b.peerId]);
    });

    test('connecting twice, also at the same time, is one connection', async () => {
      const [a, b] = await start(2);
      const address = a.multiaddrs()[0]!;
      await Promise.all([b.connect(address), b.connect(address), b.connect(address)]);
      await b.connect(address);
      await b.connect(a.peerId);
      expect(b.peers()).toEqual([a.peerId]);
    });

    test('the network port refuses to connect to a peer with an unknown address, and can once it has learnt it', async () => {
      const [a, b] = await start(2);
      await expect(b.connect(a.peerId)).rejects.toSatisfy((e) => hasCode(e, 'E_NETWORK_DIAL'));
      await b.learn(a.peerId, a.multiaddrs());
      await b.connect(a.peerId);
      expect(b.peers()).toEqual([a.peerId]);
    });

    test('the network port refuses an invalid address and a peer that is gone', async () => {
      const [a, b] = await start(2);
      const address = a.multiaddrs()[0]!;
      await a.close();
      for (const target of ['', 'nonsense', '/nonsense/1', address]) {
        await expect(b.connect(target, { timeoutMs: 3_000 })).rejects.toSatisfy((e) =>
          hasCode(e, 'E_NETWORK_DIAL'),
        );
      }
    });

    test('an aborted connect rejects', async () => {
      const [a, b] = await start(2);
      await expect(b.connect(a.multiaddrs()[0]!, { signal: AbortSignal.abort() })).rejects.toThrow();
    });

    test('the network port delivers a message to all subscribers over several hops, with its author, and not to its author', async () => {
      const [a, b, c, d, e] = await start(5);
      const received = [a, b, c, d, e].map((node) => collect(node));
      await link(a, b, c, d, e);
      await publishUntil(a, 'hello', () => received.slice(1).every((list) => list.length > 0));
      for (const list of received.slice(1)) {
        for (const message of list) expect(message).toEqual({ text: 'hello', from: a.peerId });
      }
      expect(received[0]).toEqual([]);
    });

    test('the network port delivers each message once although there are many paths', async () => {
      const [a, b, c, d] = await start(4);
      const received = [b, c, d].map((node) => collect(node));
      collect(a);
      await link(a, b, c, d, a, c);
      await link(b, d);
      await publishUntil(a, 'warm up', () => received.every((list) => list.length > 0));
      for (let i = 0; i < 5; i++) await a.publish(TOPIC, text(`n${i}`));
      const counts = () => received.map((list) => list.filter((m) => m.text.startsWith('n')).length);
      await until(() => counts().every((n) => n >= 5));
      await sleep(200);
      expect(counts()).toEqual([5, 5, 5]);
    });

    test.each(['reject', 'ignore'] as const)(
      'a message with verdict %s is not forwarded',
      async (verdict) => {
        const [a, b, c] = await start(3);
        const atB: string[] = [];
        b.subscribe(TOPIC, ({ data }) => {
          atB.push(read(data));
          return read(data).startsWith('bad') ? verdict : 'accept';
        });
        const atC = collect(c);
        collect(a);
        await link(a, b, c);
        await publishUntil(a, 'good', () => atC.length > 0);
        await a.publish(TOPIC, text('bad'));
        await until(() => atB.includes('bad'));
        await a.publish(TOPIC, text('last'));
        await until(() => atC.some((m) => m.text === 'last'));
        expect(atB).toContain('bad');
        expect(atC.some((m) => m.text === 'last')).toBe(true);
        expect(atC.some((m) => m.text === 'bad')).toBe(false);
      },
    );

    test('a handler that throws drops the message and stays subscribed', async () => {
      const [a, b] = await start(2);
      let calls = 0;
      b.subscribe(TOPIC, () => {
        calls++;
        throw new Error('broken handler');
      });
      collect(a);
      await link(a, b);
      await publishUntil(a, 'x', () => calls >= 1);
      const before = calls;
      await publishUntil(a, 'y', () => calls > before);
    });

    test('publishing without subscribers or peers succeeds, and past the limit is refused', async () => {
      const [a] = await start(1);
      await a.publish(TOPIC, text('no subscriber'));
      await a.publish(TOPIC, new Uint8Array(MAX_GOSSIP_BYTES));
      await expect(a.publish(TOPIC, new Uint8Array(MAX_GOSSIP_BYTES + 1))).rejects.toSatisfy((e) =>
        hasCode(e, 'E_NETWORK_TOO_LARGE'),
      );
    });

    test('a message of the largest size arrives whole', async () => {
      const [a, b] = await start(2);
      const sizes: number[] = [];
      b.subscribe(TOPIC, ({ data }) => {
        sizes.push(data.length);
        return 'accept';
      });
      await link(a, b);
      for (let i = 0; i < 50 && sizes.length === 0; i++) {
        await a.publish(TOPIC, new Uint8Array(MAX_GOSSIP_BYTES).fill(i));
        await until(() => sizes.length > 0, 200);
      }
      expect(sizes[0]).toBe(MAX_GOSSIP_BYTES);
    });

    test('a topic or protocol takes one handler at a time', async () => {
      const [a, b] = await start(2);
      const received = collect(b);
      const end = a.subscribe(TOPIC, () => 'accept');
      expect(() => a.subscribe(TOPIC, () => 'accept')).toThrow();
      end();
      const again = collect(a);
      const unhandle = a.handle(ECHO, async (data) => data);
      expect(() => a.handle(ECHO, async (data) => data)).toThrow();
      unhandle();
      a.handle(ECHO, async () => text('second'));
      await link(a, b);
      expect(read(await b.request(a.peerId, ECHO, text('?'), ask))).toBe('second');
      await publishUntil(b, 'hi', () => again.length > 0);
      expect(received).toEqual([]);
    });

    test('an ended subscription receives nothing more', async () => {
      const [a, b] = await start(2);
      const received: string[] = [];
      const end = b.subscribe(TOPIC, ({ data }) => {
        received.push(read(data));
        return 'accept';
      });
      await link(a, b);
      await publishUntil(a, 'before', () => received.length > 0);
      end();
      end();
      await sleep(100);
      await a.publish(TOPIC, text('after'));
      await sleep(300);
      expect(received).not.toContain('after');
    });

    test('the network port answers many concurrent requests, with the asker named', async () => {
      const [a, b] = await start(2);
      a.handle(ECHO, async (data, from) => text(`${read(data)} from ${from}`));
      await link(a, b);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => b.request(a.peerId, ECHO, text(`${i}`), ask)),
      );
      expect(answers.map(read)).toEqual(Array.from({ length: 20 }, (_, i) => `${i} from ${b.peerId}`));
    });

    test('requests and answers of zero bytes and of the largest size arrive whole', async () => {
      const [a, b] = await start(2);
      a.handle(ECHO, async (data) => data);
      await link(a, b);
      const options = { timeoutMs: patience(10_000), maxResponseBytes: MAX_MESSAGE_BYTES };
      const large = new Uint8Array(MAX_MESSAGE_BYTES).map((_, i) => i % 251);
      expect(await b.request(a.peerId, ECHO, new Uint8Array(), options)).toEqual(new Uint8Array());
      expect(await b.request(a.peerId, ECHO, large, options)).toEqual(large);
    });

    test('the network port refuses to send a request past the limit, and to take an answer past what was asked', async () => {
      const [a, b] = await start(2);
      a.handle(ECHO, async () => new Uint8Array(2_000));
      await link(a, b);
      const tooLarge = (e: unknown) => hasCode(e, 'E_NETWORK_TOO_LARGE');
      await expect(b.request(a.peerId, ECHO, new Uint8Array(MAX_MESSAGE_BYTES + 1), ask)).rejects.toSatisfy(
        tooLarge,
      );
      await expect(b.request(a.peerId, ECHO, text('?'), ask)).rejects.toSatisfy(tooLarge);
      expect((await b.request(a.peerId, ECHO, text('?'), { ...ask, maxResponseBytes: 2_000 })).length).toBe(
        2_000,
      );
    });

    test('a handler that throws, an unknown protocol and an unknown peer fail the request', async () => {
      const [a, b, c] = await start(3);
      a.handle(ECHO, async () => {
        throw new Error('broken handler');
      });
      await link(a, b);
      for (const [peer, protocol] of [
        [a.peerId, ECHO],
        [a.peerId, '/chorus/test/none/1.0.0'],
        [c.peerId, ECHO],
        ['nonsense', ECHO],
      ] as const) {
        // Not by its time-out: that would end the test.
        const options = { ...ask, timeoutMs: patience(3_600_000) };
        await expect(b.request(peer, protocol, text('?'), options)).rejects.toSatisfy((e) =>
          hasCode(e, 'E_NETWORK_REQUEST'),
        );
      }
    });

    test('a request to a peer that has gone fails', async () => {
      const [a, b] = await start(2);
      a.handle(ECHO, async (data) => data);
      await link(a, b);
      await b.request(a.peerId, ECHO, text('?'), ask);
      await a.close();
      await expect(b.request(a.peerId, ECHO, text('?'), { ...ask, timeoutMs: 3_000 })).rejects.toSatisfy(
        (e) => hasCode(e, 'E_NETWORK_REQUEST'),
      );
      await until(() => b.peers().length === 0);
      expect(b.peers()).toEqual([]);
    });

    test('a request ends at its timeout and at its abort', async () => {
      const [a, b] = await start(2);
      a.handle(ECHO, () => new Promise(() => undefined));
      await link(a, b);
      await expect(b.request(a.peerId, ECHO, text('?'), { ...ask, timeoutMs: 200.5 })).rejects.toSatisfy(
        (e) => hasCode(e, 'E_NETWORK_REQUEST'),
      );
      const abort = new AbortController();
      setTimeout(() => abort.abort(new Error('enough')), 100);
      await expect(b.request(a.peerId, ECHO, text('?'), { ...ask, signal: abort.signal })).rejects.toThrow(
        'enough',
      );
    });

    test('closing twice is closing once, and a closed network refuses work', async () => {
      const [a, b] = await start(2);
      await link(a, b);
      await Promise.all([a.close(), a.close()]);
      await a.close();
      await expect(a.publish(TOPIC, text('x'))).rejects.toSatisfy((e) => hasCode(e, 'E_NETWORK_CLOSED'));
      await expect(a.request(b.peerId, ECHO, text('x'), ask)).rejects.toSatisfy((e) =>
        hasCode(e, 'E_NETWORK_CLOSED'),
      );
    });
  });
}
