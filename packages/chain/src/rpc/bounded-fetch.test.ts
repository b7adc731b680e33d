import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { openProvider, readChainId } from './rpc.ts';

let server: Server;
const serve = async (listener: RequestListener): Promise<string> => {
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
const answer = JSON.stringify({ jsonrpc: '2.0', id: 1, result: '0x7a69' });

it('boundedFetch reads an endpoint, compressed or not', async () => {
  const url = await serve((request, response) => {
    if (!String(request.headers['accept-encoding']).includes('gzip')) return response.end(answer);
    return response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(answer));
  });
  expect(await readChainId(url)).toBe(31337);
});

it('an endpoint that sends a byte now and then counts as one that does not answer', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(' '), 50);
    response.once('close', () => clearInterval(timer));
  });
  // The bytes never end: the timeout rejects.
  await expect(openProvider(url, { timeoutMilliseconds: 500 })).rejects.toMatchObject({
    code: 'E_CHAIN_UNREACHABLE',
  });
});

it('boundedFetch cuts off an endless answer', async () => {
  let sent = 0;
  const url = await serve((_, response) => {
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    const send = (): void => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      sent += chunk.length;
    };
    response.writeHead(200).on('drain', send);
    send();
  });
  await expect(openProvider(url, { timeoutMilliseconds: 20_000 })).rejects.toMatchObject({
    code: 'E_CHAIN_UNREACHABLE',
  });
  expect(sent).toBeLessThan(200 * 1024 * 1024);
});

it('boundedFetch stops unpacking an answer that grows beyond the limit', async () => {
  const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024));
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
  });
  const before = process.memoryUsage().arrayBuffers;
  await expect(openProvider(url, { timeoutMilliseconds: 20_000 })).rejects.toMatchObject({
    code: 'E_CHAIN_UNREACHABLE',
    cause: expect.objectContaining({ message: expect.stringContaining('longer than') }),
  });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * 1024 * 1024);
});
