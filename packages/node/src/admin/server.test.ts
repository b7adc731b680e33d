import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADMIN_FILE, createAdminClient, readAdmin } from '@chorus/admin-api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { adminConfigSchema } from '../config/admin-config.ts';
import { EventRing } from '../events/event-ring.ts';
import { writeAdmin } from './admin-file.ts';
import { eventsApp } from './host-areas/events.ts';
import { healthApp } from './host-areas/health.ts';
import { networkApp } from './host-areas/network.ts';
import { nodeApp } from './host-areas/node.ts';
import { type AdminServer, startAdmin } from './server.ts';
import { only } from './testing/only.ts';

let dataDir: string;
let server: AdminServer;
let ring: EventRing;
let shutdowns: number;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'chorus-admin-'));
  ring = new EventRing();
  shutdowns = 0;
  const areas = [
    healthApp(only({ ready: async () => ({ status: 'unavailable', checks: { chain: false } }) })),
    nodeApp(
      only({
        shutdown: () => {
          shutdowns++;
        },
      }),
    ),
    networkApp(only({ bans: async () => ({ bans: [] }) })),
    eventsApp(ring),
  ];
  server = await startAdmin({
    config: adminConfigSchema.parse({}),
    dataDir,
    version: '1.2.3',
    areas,
    onError: (error) => {
      throw error;
    },
  });
});
afterEach(async () => {
  await server.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** A connection that sends something and then reads nothing until it is resumed. */
async function raw(text: string): Promise<Socket & { closed_: Promise<void> }> {
  const { port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.pause();
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(text);
  return Object.assign(socket, { closed_: closed });
}

const EVENTS = () =>
  `GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${server.token}\r\n\r\n`;

const flood = (events: number) => {
  for (let i = 0; i < events; i++)
    ring.add({ type: 'warning', code: 'E_X', message: 'x'.repeat(20_000), hint: null });
};

describe('the server', () => {
  it('the server writes its address for its owner only, and removes it at the end', async () => {
    const access = await readAdmin(dataDir);
    expect(access).toEqual({ url: server.url, token: server.token, pid: process.pid });
    expect(access.token.length).toBeGreaterThanOrEqual(43);
    expect((await stat(join(dataDir, ADMIN_FILE))).mode & 0o777).toBe(0o600);
    await server.close();
    await expect(readAdmin(dataDir)).rejects.toMatchObject({ code: 'E_ADMIN_NOT_RUNNING' });
  });

  it('the server does not remove the file of a later node', async () => {
    const later = { url: 'http://127.0.0.1:9', token: 'x'.repeat(43), pid: process.pid };
    await writeAdmin(dataDir, later);
    await server.close();
    expect(await readAdmin(dataDir)).toEqual(later);
  });

  it('the server reports an address in use', async () => {
    const { port } = new URL(server.url);
    const config = adminConfigSchema.parse({ port: Number(port) });
    const second = startAdmin({ config, dataDir, version: '1.2.3', areas: [], onError: () => {} });
    await expect(second).rejects.toMatchObject({ code: 'E_ADMIN_LISTEN' });
  });

  it('the server answers the client, and ends on request', async () => {
    const client = createAdminClient(await readAdmin(dataDir));
    expect(await client.ready()).toEqual({ status: 'unavailable', checks: { chain: false } });
    expect(await client.bans()).toEqual({ bans: [] });
    await client.shutdown();
    await vi.waitFor(() => expect(shutdowns).toBe(1));
  });

  it('the server reports errors to the client by code', async () => {
    const client = createAdminClient({ url: server.url, token: 'another' });
    await expect(client.bans()).rejects.toMatchObject({ code: 'E_ADMIN_UNAUTHORIZED' });
    await expect(client.events().next()).rejects.toMatchObject({ code: 'E_ADMIN_UNAUTHORIZED' });
    await expect(createAdminClient(await readAdmin(dataDir)).ban({ peerId: 'x' })).rejects.toMatchObject({
      code: 'E_ADMIN_BAD_REQUEST',
    });
    await server.close();
    await expect(client.bans()).rejects.toMatchObject({ code: 'E_ADMIN_UNREACHABLE' });
  });

  it('the server disconnects an event reader that reads nothing, and serves the others meanwhile', async () => {
    const slow = await raw(EVENTS());
    await vi.waitFor(() => expect(ring.listeners).toBe(1));
    const client = createAdminClient(await readAdmin(dataDir));
    const end = new AbortController();
    let read = 0;
    const reading = (async () => {
      for await (const _ of client.events({ signal: end.signal })) read++;
    })();
    await vi.waitFor(() => expect(ring.listeners).toBe(2));
    const before = process.memoryUsage().arrayBuffers;
    // 20 MB, more than sockets and the queue hold, in portions that a reader can follow.
    for (let i = 0; i < 100; i++) {
      flood(10);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await vi.waitFor(() => expect(ring.listeners).toBe(1), 5_000);
    await vi.waitFor(() => expect(read).toBe(1_000), 5_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30e6);
    end.abort();
    await reading;
    slow.destroy();
  });

  it('the server limits the number of event streams', async () => {
    const followers = await Promise.all(Array.from({ length: 32 }, () => raw(EVENTS())));
    await vi.waitFor(() => expect(ring.listeners).toBe(32));
    const client = createAdminClient(await readAdmin(dataDir));
    await expect(client.events().next()).rejects.toMatchObject({ code: 'E_ADMIN_BUSY' });
    for (const follower of followers) follower.destroy();
    await vi.waitFor(() => expect(ring.listeners).toBe(0));
    const end = new AbortController();
    const next = client.events({ signal: end.signal }).next();
    await vi.waitFor(() => expect(ring.listeners).toBe(1));
    ring.add({ type: 'joined', taskId: 1n });
    expect((await next).value).toMatchObject({ event: { type: 'joined', taskId: '1' } });
    end.abort();
  });

  it('the server opens no stream for a HEAD request', async () => {
    const authorization = `Bearer ${server.token}`;
    for (let i = 0; i < 40; i++) {
      const head = await fetch(`${server.url}/v1/events`, { method: 'HEAD', headers: { authorization } });
      expect(head.status).toBe(200);
    }
    expect(ring.listeners).toBe(0);
  });

  it('the server disconnects a client that sends headers slowly, or too many of them', async () => {
    const drops = await raw('GET /v1/status HTTP/1.1\r\nHost: 127.');
    const endless = await raw(`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n`);
    drops.resume();
    endless.resume();
    await endless.closed_;
    await drops.closed_;
  });

  it('the server ends while streams are open', async () => {
    const reader = await raw(EVENTS());
    await vi.waitFor(() => expect(ring.listeners).toBe(1));
    reader.resume();
    await server.close();
    await reader.closed_;
    expect(ring.listeners).toBe(0);
  });
});
