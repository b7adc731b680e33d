import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { isPublicAddress } from './addresses.ts';
import { guardedUrl } from './guarded-agent.ts';
import { guardedFetch } from './guarded-fetch.ts';

let server: Server | undefined;
let hits = 0;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
  server = undefined;
  hits = 0;
});
async function listen(handler: Parameters<typeof createServer>[1]): Promise<number> {
  server = createServer((request, response) => {
    hits++;
    handler!(request, response);
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
const never = new AbortController().signal;

describe('public addresses', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    '2002:7f00:1::',
    'ff02::1',
    'localhost',
    '',
  ])('%s is not one', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111'])('%s is one', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('URLs that strangers give', () => {
  it.each([
    'http://example.com/',
    'file:///etc/passwd',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://169.254.169.254/latest/meta-data/',
    'https://user:password@example.com/',
    'nonsense',
    `https://example.com/${'x'.repeat(3_000)}`,
  ])('%s is not called', (url) => {
    expect(() => guardedUrl(url)).toThrow(/not called/);
  });

  it('a public https URL may be called, and for tests plain http of this machine', () => {
    expect(guardedUrl('https://example.com/hook').host).toBe('example.com');
    expect(guardedUrl('http://127.0.0.1:80/', { allowPrivate: true }).protocol).toBe('http:');
  });

  it('a name that means an address of this machine is not connected to', async () => {
    const port = await listen((_, response) => response.end('secret'));
    await expect(guardedFetch()(new Request(`https://localhost:${port}/`), never)).rejects.toThrow(
      /not public/,
    );
    expect(hits).toBe(0);
  });

  it('a redirect is returned, not followed', async () => {
    const port = await listen((_, response) => {
      response.writeHead(302, { location: 'http://169.254.169.254/' });
      response.end();
    });
    const send = guardedFetch({ allowPrivate: true });
    const response = await send(new Request(`http://127.0.0.1:${port}/`), never);
    expect([response.status, hits]).toEqual([302, 1]);
  });
});
