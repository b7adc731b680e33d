import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeError, reasonOf } from '@chorus/protocol';
import { JsonRpcProvider, Network } from 'ethers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { inBackground } from './background.ts';
import { Endpoint } from './endpoint.ts';
import { limitOf } from './rate-limit.ts';
import { openProvider, read } from './rpc.ts';

const KEY = '0123456789abcdef0123456789abcdef';

let server: Server | undefined;
/** Unix milliseconds of the received requests. */
let times: number[] = [];

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  times = [];
  server = createServer((request, response) => {
    times.push(Date.now());
    request.resume();
    answer(request, response);
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
  server = undefined;
});

const good = JSON.stringify({ jsonrpc: '2.0', id: 1, result: '0x7a69' });

describe('an endpoint that fails', () => {
  it.each([
    ['refuses the key', 401, '{"error":"invalid api key"}', /refuses the access key/],
    ['is forbidden', 403, 'no', /refuses the access key/],
    ['has nothing there', 404, '<html>not found</html>', /nothing at this path/],
    ['is behind a gateway that fails', 502, '<html>Bad Gateway</html>', /is failing/],
    ['is a login page', 200, '<html>log in to the network</html>', /not a JSON-RPC service/],
    ['says nothing', 200, '', /not a JSON-RPC service/],
  ])(
    'the error of an endpoint that %s is in words, without its key or its answer',
    async (_, status, body, words) => {
      const host = await serve((_request, response) => response.writeHead(status).end(body));
      for (const url of [
        `http://me:hunter2pw@${host}/`,
        `http://${host}/v3/${KEY}`,
        `http://${host}/?apikey=${KEY}`,
      ]) {
        const error = await openProvider(url).catch((cause) => cause);
        expect(error).toMatchObject({ code: 'E_CHAIN_UNREACHABLE', facts: { endpoint: host } });
        const text = `${describeError(error)} ${error.chain().map(reasonOf).join(' ')}`;
        expect(text).toMatch(words);
        expect(text).not.toMatch(/hunter2|01234567|html|invalid api key|requestUrl|info=/);
      }
    },
  );

  it('the error of an endpoint that does not listen is in words as well, even through ethers', async () => {
    const host = await serve((_request, response) => response.end(good));
    server!.close();
    server!.closeAllConnections();
    const endpoint = new Endpoint(`http://${host}/v3/${KEY}`);
    const provider = new JsonRpcProvider(endpoint.request(), Network.from(1), { staticNetwork: true });
    const error = await read('look', () => provider.getBlockNumber()).catch((cause) => cause);
    expect(error).toMatchObject({ code: 'E_CHAIN_UNREACHABLE', hint: expect.stringContaining('chain.url') });
    expect(describeError(error)).toContain('nothing listens there');
    provider.destroy();
  });

  it('an invalid endpoint address is refused without a request', async () => {
    for (const url of ['localhost:8545', 'ws://127.0.0.1:1', 'nowhere', '']) {
      await expect(openProvider(url)).rejects.toMatchObject({
        code: 'E_CHAIN_INVALID_PARAMS',
        hint: expect.stringContaining('http://'),
      });
    }
  });
});

describe('an endpoint that has had too many requests', () => {
  it('an endpoint with too many requests gets none for as long as it asks, and then a single one', async () => {
    let refusals = 0;
    const host = await serve((_request, response) => {
      if (refusals++ < 3) response.writeHead(429, { 'retry-after': '1' }).end('Too Many Requests');
      else response.end(good);
    });
    const endpoint = new Endpoint(`http://${host}`);
    await expect(endpoint.call('eth_chainId')).rejects.toMatchObject({ facts: { pauseSeconds: 1 } });
    expect(endpoint.use()).toMatchObject({ limited: 1, lastMinute: 1, pausedUntil: expect.any(Number) });
    // A dozen requests wait: after the pause one is sent, and the others wait for its outcome.
    await Promise.allSettled(Array.from({ length: 12 }, () => endpoint.call('eth_chainId')));
    await Promise.allSettled(Array.from({ length: 12 }, () => endpoint.call('eth_chainId')));
    await endpoint.call('eth_chainId');
    const refused = times.slice(0, 4);
    for (const [i, at] of refused.slice(1).entries()) expect(at - refused[i]!).toBeGreaterThan(980);
    expect(endpoint.use()).toMatchObject({ limited: 3, pausedUntil: null });
  });

  it('a request to an endpoint that wants a long pause fails at once', async () => {
    const host = await serve((_request, response) =>
      response.writeHead(429, { 'retry-after': new Date(Date.now() + 100_000).toUTCString() }).end(),
    );
    const endpoint = new Endpoint(`http://${host}`);
    for (let i = 0; i < 5; i++)
      await expect(endpoint.call('eth_chainId')).rejects.toThrow(/too many requests/);
    expect(times).toHaveLength(1);
  });

  it('an endpoint with too many requests that names no pause gets longer and longer pauses', async () => {
    const limited = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32005, message: 'rate limited' },
    });
    const host = await serve((_request, response) => response.end(limited));
    const endpoint = new Endpoint(`http://${host}`);
    for (let i = 0; i < 2; i++) await endpoint.call('eth_chainId').catch(() => {});
    await expect(endpoint.call('eth_chainId')).rejects.toMatchObject({ code: 'E_CHAIN_UNREACHABLE' });
    expect(times[1]! - times[0]!).toBeGreaterThan(980);
    expect(times[2]! - times[1]!).toBeGreaterThan(1_980);
  });
});

it('a provider that is destroyed ends the requests that hang or wait, and asks nothing more', async () => {
  let hangs = false;
  const host = await serve((_request, response) => {
    if (!hangs) response.end(good);
  });
  const { provider } = await openProvider(`http://${host}/`, { requestsPerMinute: 10 });
  hangs = true;
  // One of them is sent; the others are over the bound of this minute.
  const asked = Array.from({ length: 4 }, () => provider.getBlockNumber());
  const failed = Promise.all(asked.map((each) => expect(each).rejects.toThrow()));
  await vi.waitFor(() => expect(times.length).toBeGreaterThan(1));
  const sent = times.length;
  provider.destroy();
  await failed;
  await expect(provider.getBlockNumber()).rejects.toThrow();
  expect(times).toHaveLength(sent);
});

it('an endpoint gets no more requests a minute than its limit', async () => {
  const host = await serve((_request, response) => response.end(good));
  const endpoint = new Endpoint(`http://${host}`, { requestsPerMinute: 50 });
  await Promise.all(Array.from({ length: 6 }, () => endpoint.call('eth_chainId')));
  expect(endpoint.use()).toMatchObject({ lastMinute: 6, limit: 50 });
  // Five in six seconds.
  expect(times[5]! - times[0]!).toBeGreaterThan(1_000);
});

it('what is asked in the background waits for everything else, and for no more than some of it there is room', async () => {
  const asked: string[] = [];
  const host = await serve((request, response) => {
    request.on('data', (data) => {
      const { id, method } = JSON.parse(String(data)) as { id: number; method: string };
      asked.push(method);
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result: '0x7a69' }));
    });
  });
  // Two in six seconds.
  const { provider } = await openProvider(`http://${host}/`, { requestsPerMinute: 20 });
  asked.length = 0;
  let refused = 0;
  const background = inBackground(() =>
    Array.from({ length: 520 }, () => provider.send('eth_syncing', []).catch(() => refused++)),
  );
  // Of the same moment: both are sent from one timer.
  const own = [provider.send('eth_chainId', []), provider.send('eth_chainId', [])];
  await Promise.all(own);
  expect(asked.slice(2, 4)).toEqual(['eth_chainId', 'eth_chainId']);
  expect(refused).toBeGreaterThan(0);
  provider.destroy();
  await Promise.all(background);
});

it('limitOf tells a rate limit from a range that is too large', () => {
  const answer = (error: object) => ({
    statusCode: 200,
    statusMessage: '',
    headers: {},
    body: new TextEncoder().encode(JSON.stringify({ jsonrpc: '2.0', id: 1, error })),
  });
  expect(limitOf(answer({ code: -32005, message: 'daily request count exceeded' }))).toEqual({
    seconds: null,
  });
  expect(limitOf(answer({ code: -32005, message: 'query returned more than 10000 results' }))).toBeNull();
  expect(limitOf(answer({ code: 3, message: 'execution reverted' }))).toBeNull();
  expect(limitOf({ ...answer({}), statusCode: 503 })).toBeNull();
  expect(limitOf({ ...answer({}), statusCode: 503, headers: { 'retry-after': '7' } })).toEqual({
    seconds: 7,
  });
});
