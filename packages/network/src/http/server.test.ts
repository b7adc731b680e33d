import type { Connection, Stream } from '@libp2p/interface';
import { streamPair } from '@libp2p/utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HTTP_HEAD_MS, HTTP_IDLE_MS, HTTP_REQUEST_MS } from './limits.ts';
import { type HttpOffence, HttpServer } from './server.ts';

const encoder = new TextEncoder();
const connection = {
  remotePeer: { toString: () => 'peer' },
  remoteAddr: { toString: () => '/memory/1' },
} as unknown as Connection;

let blamed: HttpOffence[];
let requests: Request[];
let answer: ReadableStreamDefaultController<Uint8Array>;
let server: HttpServer;
let client: Stream;
let served: Stream;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  blamed = [];
  requests = [];
  server = new HttpServer({
    authority: 'k51example',
    options: {},
    blame: (_, offence) => blamed.push(offence),
    count: () => undefined,
    handler: (request) => {
      requests.push(request);
      // Says something once, and then what a test says.
      return new Response(
        new ReadableStream({
          start: (controller) => {
            answer = controller;
            controller.enqueue(encoder.encode('x'));
          },
        }),
      );
    },
  });
  [client, served] = await streamPair();
  server.accept(served, connection);
});
afterEach(() => {
  server.close();
  vi.useRealTimers();
});

/** Lets time pass, and what it sets off happen. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  for (let i = 0; i < 10; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(1);
  }
}

describe('the time that a peer may hold a stream', () => {
  it('a stream without a request is reset, and its peer blamed', async () => {
    await pass(HTTP_HEAD_MS - 1_000);
    expect(served.status).toBe('open');
    await pass(1_000);
    expect([served.status, blamed]).toEqual(['aborted', ['unfinished-request']]);
  });

  it('a request that comes drop by drop has one deadline for all of it', async () => {
    client.send(encoder.encode('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n'));
    for (let spent = 0; spent < HTTP_REQUEST_MS - 60_000; spent += 50_000) {
      client.send(encoder.encode('x'));
      await pass(50_000);
    }
    expect([served.status, requests.length]).toEqual(['open', 1]);
    await pass(60_000);
    expect([served.status, blamed]).toEqual(['aborted', ['unfinished-request']]);
  });

  it('an answer may last longer than a request may, as long as something moves', async () => {
    client.send(encoder.encode('GET / HTTP/1.1\r\nhost: a\r\n\r\n'));
    for (let spent = 0; spent < HTTP_REQUEST_MS + 60_000; spent += 50_000) {
      await pass(50_000);
      answer.enqueue(encoder.encode('x'));
    }
    await pass(1_000);
    expect([served.status, blamed, requests[0]!.signal.aborted]).toEqual(['open', [], false]);
  });

  it('an answer during which nothing moves is ended, and its handler knows', async () => {
    client.send(encoder.encode('GET / HTTP/1.1\r\nhost: a\r\n\r\n'));
    await pass(1_000);
    expect(requests).toHaveLength(1);
    await pass(HTTP_IDLE_MS - 20_000);
    expect(requests[0]!.signal.aborted).toBe(false);
    await pass(30_000);
    expect(requests[0]!.signal.aborted).toBe(true);
    expect(blamed).toEqual([]);
  });
});
