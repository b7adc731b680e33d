import { setTimeout as sleep } from 'node:timers/promises';
import {
  type FetchOptions,
  hasCode,
  MAX_HTTP_HEADER_BYTES,
  MAX_HTTP_OPEN_REQUESTS,
  type NetworkPort,
} from '@chorus/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { patience, until } from '../patience.ts';
import type { NetworkFactory } from './network.ts';

const MEGABYTE = 1024 * 1024;
const ask: FetchOptions = { timeoutMs: patience(20_000), maxResponseBytes: 64 * MEGABYTE };
const get = (path: string, init: RequestInit = {}) => new Request(`libp2p://agent${path}`, init);
const post = (path: string, body: NonNullable<RequestInit['body']>, init: RequestInit = {}) =>
  get(path, { method: 'POST', body, duplex: 'half', ...init } as RequestInit);
const withCode = (code: Parameters<typeof hasCode>[1]) => (error: unknown) => hasCode(error, code);

/** A body of this many chunks of 64 KiB, and how many of them were asked for. */
function chunks(count: number) {
  const state = { sent: 0, cancelled: false };
  const chunk = new Uint8Array(64 * 1024).fill(7);
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (state.sent === count) return controller.close();
        state.sent++;
        controller.enqueue(chunk);
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, state };
}

/** HTTP between peers, of every implementation of the network port. */
export function describeHttp(name: string, factory: NetworkFactory): void {
  describe(`HTTP over the network port: ${name}`, () => {
    let nodes: NetworkPort[] = [];
    /** Nodes of which all others know the first. */
    const start = async (count: number) => {
      nodes = await factory(count);
      for (const node of nodes.slice(1)) await node.connect(nodes[0]!.multiaddrs()[0]!);
      return nodes as [NetworkPort, NetworkPort, NetworkPort];
    };
    afterEach(async () => {
      await Promise.all(nodes.map((node) => node.close()));
      nodes = [];
    });

    test('a request arrives with its method, path, query, headers and body, and its answer with status, headers and body', async () => {
      const [a, b] = await start(2);
      a.serve(async (request, from) => {
        const { pathname, search } = new URL(request.url);
        const seen = [
          request.method,
          pathname,
          search,
          request.headers.get('x-word'),
          await request.text(),
          from,
        ];
        return Response.json(seen, { status: 201, headers: { 'x-answer': 'yes', 'set-cookie': 'a=1' } });
      });
      const sent = post('/a/b%20c?q=%C3%BC&r=1', 'grüße', { headers: { 'x-word': 'hello' } });
      const response = await b.fetch(a.peerId, sent, ask);
      expect(response.status).toBe(201);
      expect(response.headers.get('x-answer')).toBe('yes');
      expect(await response.json()).toEqual([
        'POST',
        '/a/b%20c',
        '?q=%C3%BC&r=1',
        'hello',
        'grüße',
        b.peerId,
      ]);
    });

    test('the asker is named by its connection, whatever its headers and its host say', async () => {
      const [a, b, c] = await start(3);
      a.serve((request, from) => Response.json([from, new URL(request.url).host.includes('evil')]));
      for (const node of [b, c]) {
        const headers = { host: 'evil.example', 'x-forwarded-for': 'evil', forwarded: 'for=evil' };
        const response = await node.fetch(a.peerId, get('//evil.example/', { headers }), ask);
        expect(await response.json()).toEqual([node.peerId, false]);
      }
    });

    test('answers without a body keep their status, and redirects are returned, not followed', async () => {
      const [a, b] = await start(2);
      let calls = 0;
      a.serve((request) => {
        calls++;
        if (request.method === 'HEAD') return new Response(null, { headers: { 'x-head': '1' } });
        if (request.url.endsWith('/gone')) return new Response(null, { status: 204 });
        return new Response(null, { status: 302, headers: { location: 'http://169.254.169.254/' } });
      });
      expect((await b.fetch(a.peerId, get('/gone'), ask)).status).toBe(204);
      expect((await b.fetch(a.peerId, get('/', { method: 'HEAD' }), ask)).headers.get('x-head')).toBe('1');
      const redirect = await b.fetch(a.peerId, get('/moved'), ask);
      expect([redirect.status, redirect.headers.get('location')]).toEqual([302, 'http://169.254.169.254/']);
      expect(calls).toBe(3);
    });

    test('the chunks of an answer arrive as they are written', async () => {
      const [a, b] = await start(2);
      const next: (() => void)[] = [];
      a.serve(
        () =>
          new Response(
            new ReadableStream({
              async pull(controller) {
                controller.enqueue(new TextEncoder().encode('data: x\n\n'));
                await new Promise<void>((go) => next.push(go));
              },
            }),
          ),
      );
      const response = await b.fetch(a.peerId, get('/events'), ask);
      const reader = response.body!.getReader();
      for (let i = 0; i < 3; i++) {
        const { value } = await reader.read();
        expect(new TextDecoder().decode(value)).toBe('data: x\n\n');
        await until(() => next.length > i);
        next[i]!();
      }
      await reader.cancel();
    });

    test('large bodies arrive whole, both ways', async () => {
      const [a, b] = await start(2);
      a.serve(async (request) => new Response(await request.arrayBuffer()));
      const bytes = new Uint8Array(5 * MEGABYTE).map((_, i) => (i * 7) % 251);
      const response = await b.fetch(a.peerId, post('/', bytes), ask);
      expect(Buffer.compare(new Uint8Array(await response.arrayBuffer()), bytes)).toBe(0);
    });

    test('a body that is not read is not sent: back-pressure holds both ways', async () => {
      const [a, b] = await start(2);
      const down = chunks(1_000);
      let release = () => {};
      const held = new Promise<void>((go) => {
        release = go;
      });
      a.serve(async (request) => {
        if (request.method === 'GET') return new Response(down.body);
        await held;
        return new Response('done');
      });
      const response = await b.fetch(a.peerId, get('/'), ask);
      const reader = response.body!.getReader();
      await reader.read();
      await settled(() => down.state.sent);
      expect(down.state.sent).toBeLessThan(400);
      await reader.cancel();
      await until(() => down.state.cancelled);
      expect(down.state.cancelled).toBe(true);

      const up = chunks(200);
      const answer = b.fetch(a.peerId, post('/', up.body), ask);
      await until(() => up.state.sent > 0);
      await settled(() => up.state.sent);
      expect(up.state.sent).toBeLessThan(190);
      release();
      expect(await (await answer).text()).toBe('done');
    });

    test('a slow reader gets the whole of an answer that its writer has long ended', async () => {
      const [a, b] = await start(2);
      a.serve(() => new Response(new Uint8Array(3 * MEGABYTE).fill(1)));
      const response = await b.fetch(a.peerId, get('/'), ask);
      await sleep(300);
      expect((await response.arrayBuffer()).byteLength).toBe(3 * MEGABYTE);
    });

    test('an abort of the asker ends the handler, before the answer and during it', async () => {
      const [a, b] = await start(2);
      let aborted = 0;
      const endless = chunks(Number.POSITIVE_INFINITY);
      a.serve(async (request) => {
        request.signal.addEventListener('abort', () => aborted++);
        if (request.url.endsWith('/stream')) return new Response(endless.body);
        return await new Promise<Response>(() => undefined);
      });
      const first = new AbortController();
      const waiting = b.fetch(a.peerId, get('/wait'), { ...ask, signal: first.signal });
      setTimeout(() => first.abort(new Error('enough')), 200);
      await expect(waiting).rejects.toThrow('enough');
      await until(() => aborted === 1);
      expect(aborted).toBe(1);

      const second = new AbortController();
      const response = await b.fetch(a.peerId, get('/stream'), { ...ask, signal: second.signal });
      const reader = response.body!.getReader();
      await reader.read();
      second.abort(new Error('enough of it'));
      await expect(readAll(reader)).rejects.toThrow('enough of it');
      await until(() => aborted === 2 && endless.state.cancelled);
      expect([aborted, endless.state.cancelled]).toEqual([2, true]);
      await expect(
        b.fetch(a.peerId, get('/'), { ...ask, signal: AbortSignal.abort(new Error('at once')) }),
      ).rejects.toThrow('at once');
    });

    test('a request fails when its head of an answer is not there in time', async () => {
      const [a, b] = await start(2);
      a.serve(() => new Promise(() => undefined));
      await expect(b.fetch(a.peerId, get('/'), { ...ask, timeoutMs: 200.5 })).rejects.toSatisfy(
        withCode('E_NETWORK_REQUEST'),
      );
    });

    test('a peer without a handler, an unknown peer, one that has gone and what is no peer id are errors', async () => {
      const [a, b, c] = await start(3);
      c.serve(() => new Response('c'));
      const gone = c.peerId;
      await b.learn(c.peerId, c.multiaddrs());
      expect(await (await b.fetch(c.peerId, get('/'), ask)).text()).toBe('c');
      await c.close();
      await until(() => !b.peers().includes(gone));
      const stranger = '12D3KooWGjMCwYXUSPPNHNvBk8vJRHRnoWGUHZLjeZgqXsSzhvuF';
      for (const peer of [a.peerId, stranger, gone, 'nonsense', '']) {
        await expect(b.fetch(peer, get('/'), ask)).rejects.toSatisfy(withCode('E_NETWORK_REQUEST'));
      }
    });

    test('a handler that throws is answered with 500, without its message', async () => {
      const [a, b] = await start(2);
      a.serve(() => {
        throw new Error('secret');
      });
      const response = await b.fetch(a.peerId, get('/'), ask);
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain('secret');
    });

    test('an answer whose body fails is an error, not a short answer', async () => {
      const [a, b] = await start(2);
      a.serve(() => {
        let sent = false;
        return new Response(
          new ReadableStream({
            pull(controller) {
              if (sent) throw new Error('broken');
              sent = true;
              controller.enqueue(new Uint8Array(10));
            },
          }),
        );
      });
      const response = await b.fetch(a.peerId, get('/'), ask);
      await expect(response.arrayBuffer()).rejects.toSatisfy(withCode('E_NETWORK_REQUEST'));
    });

    test('a request with too long a head is answered with 431, and one with too long a body with 413', async () => {
      const [a, b] = await start(2);
      a.serve(async (request) => new Response(`${(await request.arrayBuffer()).byteLength}`), {
        maxRequestBytes: 1_000,
      });
      const headers = { 'x-long': 'x'.repeat(MAX_HTTP_HEADER_BYTES) };
      expect((await b.fetch(a.peerId, get('/', { headers }), ask)).status).toBe(431);
      expect((await b.fetch(a.peerId, post('/', new Uint8Array(1_001)), ask)).status).toBe(413);
      const whole = await b.fetch(a.peerId, post('/', new Uint8Array(1_000)), ask);
      expect([whole.status, await whole.text()]).toEqual([200, '1000']);
    });

    test('an answer with too long a head or body is an error, and its writer is cancelled', async () => {
      const [a, b] = await start(2);
      const endless = chunks(Number.POSITIVE_INFINITY);
      a.serve((request) =>
        request.url.endsWith('/head')
          ? new Response('', { headers: { 'x-long': 'x'.repeat(MAX_HTTP_HEADER_BYTES) } })
          : new Response(endless.body),
      );
      await expect(b.fetch(a.peerId, get('/head'), ask)).rejects.toSatisfy(withCode('E_NETWORK_TOO_LARGE'));
      const response = await b.fetch(a.peerId, get('/body'), { ...ask, maxResponseBytes: MEGABYTE });
      await expect(response.arrayBuffer()).rejects.toSatisfy(withCode('E_NETWORK_TOO_LARGE'));
      await until(() => endless.state.cancelled);
      expect(endless.state.cancelled).toBe(true);
    });

    test('many requests at once are all answered, and the handler gets a limited number of one peer at a time', async () => {
      const [a, b] = await start(2);
      let open = 0;
      let most = 0;
      a.serve(async (request) => {
        most = Math.max(most, ++open);
        await sleep(20);
        open--;
        return new Response(await request.text());
      });
      const count = 3 * MAX_HTTP_OPEN_REQUESTS;
      const answers = await Promise.all(
        Array.from({ length: count }, async (_, i) => {
          const response = await b.fetch(a.peerId, post('/', `${i}`), {
            ...ask,
            timeoutMs: patience(60_000),
          });
          return await response.text();
        }),
      );
      expect(answers).toEqual(Array.from({ length: count }, (_, i) => `${i}`));
      expect(most).toBeLessThanOrEqual(MAX_HTTP_OPEN_REQUESTS);
    });

    test('one handler at a time is served, and ending it ends what is in progress', async () => {
      const [a, b] = await start(2);
      let aborted = false;
      const end = a.serve(async (request) => {
        if (request.url.endsWith('/now')) return new Response('first');
        request.signal.addEventListener('abort', () => {
          aborted = true;
        });
        return await new Promise(() => undefined);
      });
      expect(() => a.serve(() => new Response(''))).toThrow();
      expect(await (await b.fetch(a.peerId, get('/now'), ask)).text()).toBe('first');
      const waiting = b.fetch(a.peerId, get('/wait'), ask);
      setTimeout(end, 300);
      await expect(waiting).rejects.toSatisfy(withCode('E_NETWORK_REQUEST'));
      await until(() => aborted);
      expect(aborted).toBe(true);
      end();
      await expect(b.fetch(a.peerId, get('/now'), ask)).rejects.toSatisfy(withCode('E_NETWORK_REQUEST'));
      a.serve(() => new Response('second'));
      expect(await (await b.fetch(a.peerId, get('/now'), ask)).text()).toBe('second');
    });

    test('closing the network ends requests and answers in progress, and refuses further ones', async () => {
      const [a, b] = await start(2);
      let aborted = 0;
      const endless = chunks(Number.POSITIVE_INFINITY);
      a.serve(async (request) => {
        request.signal.addEventListener('abort', () => aborted++);
        if (request.url.endsWith('/stream')) return new Response(endless.body);
        return await new Promise(() => undefined);
      });
      const response = await b.fetch(a.peerId, get('/stream'), ask);
      const waiting = b.fetch(a.peerId, get('/wait'), ask);
      setTimeout(() => void b.close(), 300);
      await expect(waiting).rejects.toSatisfy(withCode('E_NETWORK_CLOSED'));
      await expect(response.arrayBuffer()).rejects.toThrow();
      await until(() => aborted === 2);
      expect(aborted).toBe(2);
      await expect(b.fetch(a.peerId, get('/'), ask)).rejects.toSatisfy(withCode('E_NETWORK_CLOSED'));
      await a.close();
      expect(() => a.serve(() => new Response(''))).toThrow();
    });
  });
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}

/** Waits until a count no longer grows. */
async function settled(count: () => number): Promise<void> {
  for (let last = -1; count() !== last; ) {
    last = count();
    await sleep(patience(300));
  }
}
