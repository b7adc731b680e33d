import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type StreamResponse, Task, TaskPushNotificationConfig } from '@a2a-js/sdk';
import { ServerCallContext } from '@a2a-js/sdk/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GuardOptions } from '../net/guarded-agent.ts';
import { PushStore } from '../tasks/push-store.ts';
import { TaskStore } from '../tasks/task-store.ts';
import { PushSender } from './push-sender.ts';

const alice = new ServerCallContext({ user: { isAuthenticated: true, userName: 'peer:alice' } });
const event = (n: number): StreamResponse => ({
  payload: {
    $case: 'statusUpdate',
    value: { taskId: '1', contextId: 'c', status: undefined, metadata: { n } },
  },
});
const config = (url: string, more = {}) => TaskPushNotificationConfig.fromJSON({ url, taskId: '1', ...more });

let server: Server;
let base: string;
let received: { request: IncomingMessage; body: string }[];
let location: string | null;
let store: TaskStore;
let push: PushStore;
let sender: PushSender;

function use(guard: GuardOptions): void {
  push = new PushStore(store, 50, guard);
  sender = new PushSender(push, guard);
}

beforeEach(async () => {
  received = [];
  location = null;
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push({ request, body });
    if (location) response.writeHead(307, { location });
    response.end('x'.repeat(100_000));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  store = new TaskStore(':memory:');
  await store.save(Task.fromJSON({ id: '1', contextId: 'c' }), alice);
  use({ allowPrivate: true });
});
afterEach(async () => {
  await sender.close();
  store.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('push notifications', () => {
  it('arrive in order, with the credentials of their configuration', async () => {
    const authentication = { scheme: 'Bearer', credentials: 'abc' };
    await push.save('1', alice, config(`${base}/hook?x=1`, { authentication, token: 't' }));
    await Promise.all([1, 2, 3].map((n) => sender.send(event(n), alice)));
    expect(received.map(({ body }) => JSON.parse(body).statusUpdate.metadata.n)).toEqual([1, 2, 3]);
    expect(received[0]!.request).toMatchObject({
      method: 'POST',
      url: '/hook?x=1',
      headers: {
        'content-type': 'application/a2a+json',
        authorization: 'Bearer abc',
        'x-a2a-notification-token': 't',
      },
    });
  });

  it('a redirect is not followed, and one that fails holds up none', async () => {
    location = `${base}/secret`;
    await push.save('1', alice, config('http://127.0.0.1:9/dead', { id: 'dead' }));
    await push.save('1', alice, config(`${base}/hook`, { id: 'live' }));
    await sender.send(event(1), alice);
    expect(received.map(({ request }) => request.url)).toEqual(['/hook']);
  });

  it('chunks of a growing answer are not told, whole results are', async () => {
    await push.save('1', alice, config(`${base}/hook`));
    const chunk = (append: boolean, lastChunk: boolean): StreamResponse => ({
      payload: {
        $case: 'artifactUpdate',
        value: { taskId: '1', contextId: 'c', artifact: undefined, append, lastChunk, metadata: undefined },
      },
    });
    for (const [append, last] of [
      [false, false],
      [true, false],
      [true, true],
      [false, true],
    ] as const) {
      await sender.send(chunk(append, last), alice);
    }
    expect(received).toHaveLength(1);
  });

  it('a URL of this machine or its network is refused when it is given', async () => {
    use({});
    for (const url of [
      `${base}/`,
      'https://127.0.0.1/',
      'https://169.254.169.254/',
      'https://[::1]/',
      'ftp://x/',
      '',
    ]) {
      await expect(push.save('1', alice, config(url))).rejects.toThrow(/not called/);
    }
    expect(await push.load('1')).toEqual([]);
  });

  it('a name that means an address of this machine is refused when it is called', async () => {
    use({});
    await push.save('1', alice, config(`https://localhost:${new URL(base).port}/`));
    await sender.send(event(1), alice);
    expect(received).toEqual([]);
  });

  it('what was stored under looser rules is checked again', async () => {
    await push.save('1', alice, config(`${base}/hook`));
    use({});
    await sender.send(event(1), alice);
    expect(received).toEqual([]);
  });

  it('a task has 50 configurations at most, and none with headers of its own', async () => {
    for (let i = 0; i < 50; i++) await push.save('1', alice, config(`${base}/${i}`));
    await expect(push.save('1', alice, config(`${base}/51`))).rejects.toThrow(/50/);
    const authentication = { scheme: 'Bearer', credentials: 'a\r\nx-evil: 1' };
    await expect(push.save('1', alice, config(base, { authentication }))).rejects.toThrow(/not usable/);
  });
});
