import { connect } from 'node:net';
import { ChorusError } from '@chorus/protocol';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { type GatewayConfig, gatewayConfigSchema } from '../config/gateway-config.ts';
import type { GatewayEnv } from './env.ts';
import { type GatewayServer, startGateway } from './server.ts';

let server: GatewayServer;
const errors: unknown[] = [];
afterEach(async () => {
  errors.length = 0;
  await server.close();
});

/** A gateway with one app that echoes, and fails on request. */
async function start(config: Partial<GatewayConfig> = {}): Promise<string> {
  const app = new Hono<GatewayEnv>()
    .get('/agents/:name', (c) => c.text(`agent ${c.req.param('name')}`))
    .post('/agents/:name', async (c) => c.text(`${(await c.req.arrayBuffer()).byteLength} bytes`))
    .get('/broken', () => {
      throw new Error('secret inside');
    })
    .get('/busy', () => {
      throw new ChorusError('E_ADMIN_BUSY', 'too busy', { hint: 'wait' });
    });
  server = await startGateway({
    config: { ...gatewayConfigSchema.parse({ enabled: true }), ...config },
    apps: [app],
    onError: (error) => errors.push(error),
  });
  return server.url;
}

const problem = async (response: Response) => ({
  status: response.status,
  ...((await response.json()) as { code: string; title: string }),
});

describe('the gateway', () => {
  it('the gateway serves what services offer, with or without a slash at the end', async () => {
    const url = await start();
    expect(await (await fetch(`${url}/agents/a`)).text()).toBe('agent a');
    expect(await (await fetch(`${url}/agents/a/`)).text()).toBe('agent a');
  });

  it('the gateway has none of the paths of the admin API', async () => {
    const url = await start();
    for (const path of ['/v1/status', '/health', '/metrics', '/openapi.json', '/v1/shutdown', '/']) {
      expect(await problem(await fetch(`${url}${path}`)), path).toMatchObject({
        status: 404,
        code: 'E_GATEWAY_UNKNOWN_PATH',
      });
    }
  });

  it('an error of a service is reported by its code, and one that is no ChorusError is hidden and reported', async () => {
    const url = await start();
    expect(await problem(await fetch(`${url}/busy`))).toMatchObject({ status: 503, code: 'E_ADMIN_BUSY' });
    const hidden = await fetch(`${url}/broken`);
    expect(JSON.stringify(await problem(hidden))).not.toContain('secret');
    expect(errors.some((error) => error instanceof Error && error.message === 'secret inside')).toBe(true);
  });
});

describe('a stranger at the gateway', () => {
  it('a body over the limit is refused, whether its length is announced or not', async () => {
    const url = await start({ maxRequestBytes: 1_000 });
    const send = (body: string | ReadableStream, more: object = {}) =>
      fetch(`${url}/agents/a`, { method: 'POST', body, ...more });
    expect(await (await send('x'.repeat(1_000))).text()).toBe('1000 bytes');
    expect(await problem(await send('x'.repeat(1_001)))).toMatchObject({
      status: 413,
      code: 'E_GATEWAY_TOO_LARGE',
    });
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(500)),
    });
    const answer = await send(endless, { duplex: 'half' }).catch(() => null);
    if (answer) expect(answer.status).toBe(413);
  });

  it('an address that asks too often has to wait', async () => {
    const url = await start({ requestsPerMinute: 3 });
    const asked = await Promise.all(Array.from({ length: 5 }, () => fetch(`${url}/agents/a`)));
    expect(asked.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429]);
    const refused = asked.find(({ status }) => status === 429)!;
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(await problem(refused)).toMatchObject({ code: 'E_GATEWAY_RATE' });
  });

  it('behind a proxy the address that the proxy saw counts, and a forged entry before it does not', async () => {
    const url = await start({ requestsPerMinute: 1, behindProxy: true });
    const from = (addresses: string) =>
      fetch(`${url}/agents/a`, { headers: { 'x-forwarded-for': addresses } }).then((r) => r.status);
    expect(await from('203.0.113.1')).toBe(200);
    expect(await from('203.0.113.2')).toBe(200);
    expect(await from('198.51.100.9, 203.0.113.1')).toBe(429);
  });

  it('without a proxy a forwarded address is the caller’s own word, and counts for nothing', async () => {
    const url = await start({ requestsPerMinute: 1 });
    const from = (address: string) =>
      fetch(`${url}/agents/a`, { headers: { 'x-forwarded-for': address } }).then((r) => r.status);
    expect([await from('203.0.113.1'), await from('203.0.113.2')]).toEqual([200, 429]);
  });

  it('a page that pointed its name at this machine, or of another origin, is refused', async () => {
    const url = await start();
    const { port } = new URL(url);
    const raw = (headers: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), '127.0.0.1', () =>
          socket.write(`GET /agents/a HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`),
        );
        let text = '';
        socket.on('data', (data) => {
          text += String(data);
        });
        socket.on('close', () => resolve(text));
        socket.on('error', reject);
      });
    expect(await raw('Host: rebound.example')).toContain('E_GATEWAY_HOST');
    expect(await raw(`Host: 127.0.0.1:${port}\r\nOrigin: https://elsewhere.example`)).toContain(
      'E_GATEWAY_ORIGIN',
    );
  });
});

describe('the settings of the gateway', () => {
  it('a gateway on other addresses than loopback has to name the address that others reach it by', () => {
    const parse = (value: object) => gatewayConfigSchema.safeParse(value).success;
    expect(parse({})).toBe(true);
    expect(parse({ enabled: true })).toBe(true);
    expect(parse({ enabled: true, host: '0.0.0.0' })).toBe(false);
    expect(parse({ enabled: true, host: '0.0.0.0', url: 'https://agents.example' })).toBe(true);
  });

  it('a port that is taken is refused with what to change', async () => {
    const url = await start();
    const taken = { ...gatewayConfigSchema.parse({ enabled: true }), port: Number(new URL(url).port) };
    await expect(startGateway({ config: taken, apps: [], onError: () => {} })).rejects.toMatchObject({
      code: 'E_GATEWAY_LISTEN',
      hint: expect.stringContaining('gateway.port'),
    });
  });
});
