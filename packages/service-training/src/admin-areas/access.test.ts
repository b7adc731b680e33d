import { hostOf, problemIn, TOKEN } from '@chorus/node/testing';
import { describe, expect, it } from 'vitest';
import { everyArea } from './testing/areas.ts';

const setUp = (config = {}, address = '127.0.0.1') => hostOf(everyArea(), { config, address });

describe('who may ask', () => {
  it.each([
    ['none', ''],
    ['a wrong one', 'Bearer a-token-of-thirty-two-bytes-or-mose'],
    ['a part of it', `Bearer ${TOKEN.slice(0, -1)}`],
    ['another scheme', `Basic ${TOKEN}`],
    ['a long one', `Bearer ${'x'.repeat(5000)}`],
  ])('the API refuses %s as token', async (_, authorization) => {
    const response = await setUp().ask('GET', '/v1/status', { authorization });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    expect(await problemIn(response)).toMatchObject({ code: 'E_ADMIN_UNAUTHORIZED' });
  });

  it.each(['evil.example', 'evil.example:4500', '127.0.0.1.evil.example', '', '169.254.169.254'])(
    'the API refuses the host %j on every path',
    async (host) => {
      for (const path of ['/health/live', '/v1/status', '/openapi.json', '/nothing']) {
        const response = await setUp().ask('GET', path, { host });
        expect(response.status).toBe(403);
        expect(await problemIn(response)).toMatchObject({ code: 'E_ADMIN_HOST' });
      }
    },
  );

  it.each(['127.0.0.1:4500', 'localhost', 'LOCALHOST:1', '[::1]:4500'])(
    'the API answers requests for host %s',
    async (host) => {
      expect((await setUp().ask('GET', '/health/live', { host })).status).toBe(200);
    },
  );

  it('the API answers requests for additional configured hosts', async () => {
    const { ask } = setUp({ allowedHosts: ['node.lan'] });
    expect((await ask('GET', '/health/live', { host: 'node.lan:4500' })).status).toBe(200);
  });

  it('the API refuses pages of other origins, even with the token', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:9999']) {
      const response = await setUp().ask('POST', '/v1/shutdown', { origin });
      expect(response.status).toBe(403);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(await problemIn(response)).toMatchObject({ code: 'E_ADMIN_ORIGIN' });
    }
  });

  it('the API lets pages of configured origins read, after a preflight request', async () => {
    const { ask } = setUp({ allowedOrigins: ['https://dash.example'] });
    const headers = { origin: 'https://dash.example' };
    const preflight = await ask('OPTIONS', '/v1/status', { ...headers, authorization: '' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET,POST,PUT,DELETE');
    const response = await ask('GET', '/v1/status', headers);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://dash.example');
    expect(response.headers.get('vary')).toContain('Origin');
    // A page may also read why it is refused.
    const refused = await ask('GET', '/v1/status', { ...headers, authorization: '' });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://dash.example');
  });

  it('the API answers no preflight request of a program', async () => {
    expect((await setUp().ask('OPTIONS', '/v1/status')).status).toBe(405);
  });

  it('the API opens the metrics only to this machine, and only if configured', async () => {
    const open = { openMetrics: true };
    const anonymous = { authorization: '' };
    expect((await setUp().ask('GET', '/metrics', anonymous)).status).toBe(401);
    expect((await setUp(open).ask('GET', '/metrics', anonymous)).status).toBe(200);
    expect((await setUp(open, '10.0.0.7').ask('GET', '/metrics', anonymous)).status).toBe(401);
    expect((await setUp(open).ask('GET', '/v1/status', anonymous)).status).toBe(401);
    expect(await (await setUp().ask('GET', '/metrics')).text()).toBe('chorus_peers 3\n');
  });

  it('the API limits the rate of strangers without affecting the owner and the probes', async () => {
    const { ask } = setUp();
    const statuses = [];
    for (let i = 0; i < 501; i++)
      statuses.push((await ask('GET', '/v1/status', { authorization: '' })).status);
    expect(statuses.slice(0, 500).every((status) => status === 401)).toBe(true);
    expect(statuses[500]).toBe(429);
    const limited = await ask('GET', '/v1/status', { authorization: '' });
    expect(limited.headers.get('retry-after')).toBe('10');
    expect((await ask('GET', '/v1/status')).status).toBe(200);
    expect((await ask('GET', '/health/live', { authorization: '' })).status).toBe(200);
  });

  it('the API keeps its answers and its refusals out of caches and frames', async () => {
    const { ask } = setUp();
    for (const authorization of [`Bearer ${TOKEN}`, '']) {
      const { headers } = await ask('GET', '/v1/status', { authorization });
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });
});
