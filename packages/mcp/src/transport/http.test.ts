import type { AgentEvent, AgentRequest } from '@chorus/protocol';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it } from 'vitest';
import { mcpEndpoint } from './http.ts';

const COMPLETED: AgentEvent = { type: 'completed', usage: { inputTokens: null, outputTokens: null } };
const requests: AgentRequest[] = [];
const held = { started: Promise.withResolvers<void>(), aborted: Promise.withResolvers<void>() };

const endpoint = mcpEndpoint({
  name: 'echo',
  title: 'Echo',
  description: 'Repeats',
  version: '1',
  facts: { kind: 'chat', inputModes: ['text/plain'], details: {} },
  executor: {
    async *execute(request, signal) {
      requests.push(request);
      if (request.message.text === 'hold') {
        held.started.resolve();
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        held.aborted.resolve();
      }
      signal.throwIfAborted();
      yield { type: 'text', text: `echo: ${request.message.text}` };
      yield COMPLETED;
    },
    close: async () => {},
  },
});
const URL_OF_IT = 'http://agent.example/mcp';

let client: Client | undefined;
afterEach(async () => {
  await client?.close();
  client = undefined;
  requests.length = 0;
});

async function connect(mode: 'legacy' | 'auto', caller = 'anonymous'): Promise<Client> {
  client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  const fetch = (url: string | URL, init?: RequestInit) => endpoint.fetch(new Request(url, init), caller);
  await client.connect(new StreamableHTTPClientTransport(new URL(URL_OF_IT), { fetch }));
  return client;
}

const post = (body: string, headers: Record<string, string> = {}) =>
  endpoint.fetch(
    new Request(URL_OF_IT, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body,
    }),
    'anonymous',
  );

describe.each(['legacy', 'auto'] as const)('a client over HTTP that negotiates as %s', (mode) => {
  it('it asks, and the agent knows who has been proven to call', async () => {
    const { content } = await (await connect(mode, 'peer:12D3')).callTool({
      name: 'ask',
      arguments: { message: 'hi' },
    });
    expect(content).toEqual([{ type: 'text', text: 'echo: hi' }]);
    expect(requests.map(({ caller }) => caller)).toEqual(['peer:12D3']);
  });

  it('it sees the progress that it asks for', async () => {
    const progress: unknown[] = [];
    await (await connect(mode)).callTool(
      { name: 'ask', arguments: { message: 'hi' } },
      { onprogress: (each) => progress.push(each.message) },
    );
    expect(progress).toEqual(['echo: hi']);
  });
});

describe('a stranger over HTTP', () => {
  it('a caller that leaves aborts its call', async () => {
    const abort = new AbortController();
    const asked = (await connect('auto')).callTool(
      { name: 'ask', arguments: { message: 'hold' } },
      { signal: abort.signal },
    );
    await held.started.promise;
    abort.abort();
    await expect(asked).rejects.toThrow();
    await held.aborted.promise;
  });

  it.each([
    ['a body that is not JSON', '{broken', 400],
    ['a body that is no message', '5', 400],
    ['a batch, which would pass limits of rate', '[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]', 400],
    ['a huge body', `{"jsonrpc":"2.0","id":1,"method":"${'x'.repeat(8 * 2 ** 20)}"}`, 413],
  ])('%s is refused', async (_, body, status) => {
    const response = await post(body);
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status,
      body: { jsonrpc: '2.0', error: { message: expect.any(String) } },
    });
    expect(requests).toEqual([]);
  });

  it('a body of another type, and other methods than POST, are refused', async () => {
    expect((await post('{}', { 'content-type': 'text/plain' })).status).toBe(415);
    for (const method of ['GET', 'DELETE']) {
      expect((await endpoint.fetch(new Request(URL_OF_IT, { method }), 'anonymous')).status).toBe(405);
    }
  });

  it('nothing that a request says changes who calls', async () => {
    const call = { name: 'ask', arguments: { message: 'hi' } };
    await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call }), {
      authorization: 'Bearer peer:12D3',
      'x-forwarded-for': 'peer:12D3',
    }).then((response) => response.text());
    expect(requests.map(({ caller }) => caller)).toEqual(['anonymous']);
  });
});
