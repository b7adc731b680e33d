import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnyEvent } from '@chorus/node';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryHub, type MemoryNetwork } from '../../../../test/twins/network.ts';
import { type MockOpenAi, mockOpenAi } from '../../../inference/src/testing/mock-openai.ts';
import { type AgentsNode, chatFile, startAgentsNode, until } from '../testing/agents-node.ts';

let endpoint: MockOpenAi;
beforeAll(async () => {
  endpoint = await mockOpenAi();
});
afterAll(() => endpoint.close());

let folder: string;
let caller: MemoryNetwork;
let node: AgentsNode;
let client: Client | undefined;
let events: AnyEvent[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-agents-mcp-'));
  const hub = new MemoryHub();
  caller = hub.create();
  events = [];
  const gateway = { enabled: true, port: 0 };
  node = await startAgentsNode(folder, hub, { gateway }, (event) => events.push(event));
  hub.link(node.ports.network.peerId, caller.peerId);
});
afterEach(async () => {
  await client?.close();
  client = undefined;
  await node.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts an agent on the node; returns the address of its MCP endpoint at the gateway. */
async function serve(scenario: string): Promise<URL> {
  const file = await chatFile(folder, endpoint.url, 'Guide', { scenario });
  const { urls } = await node.services.agents.startAgent({ file });
  return new URL('mcp', urls.http!);
}

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;
async function connect(url: URL, fetcher: Fetch = fetch, mode: 'auto' | 'legacy' = 'auto'): Promise<Client> {
  client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(url, { fetch: fetcher }));
  return client;
}
const overLibp2p: Fetch = (url, init) =>
  caller.fetch(node.ports.network.peerId, new Request(url, init), {
    timeoutMs: 60_000,
    maxResponseBytes: 1_000_000,
  });

const HI = { name: 'ask', arguments: { message: 'hi' } };
const answered = () => events.filter(({ type }) => type === 'agents.answered');

describe('an agent of a node over MCP', () => {
  it.each(['auto', 'legacy'] as const)(
    'a client at the gateway that negotiates as %s is answered, with progress, and counted',
    async (mode) => {
      const connected = await connect(await serve('echo'), fetch, mode);
      expect((await connected.listTools()).tools).toMatchObject([{ name: 'ask', title: 'Guide' }]);
      let text = '';
      const { content } = await connected.callTool(HI, {
        onprogress: ({ message }) => {
          text += message;
        },
      });
      expect(content).toEqual([{ type: 'text', text: 'echo: hi \u{1f40c}' }]);
      expect(text).toBe('echo: hi \u{1f40c}');
      await until(() => answered().length === 1);
      expect(answered()).toMatchObject([{ caller: 'anonymous', outcome: 'completed' }]);
    },
  );

  it('a peer is answered over libp2p, and the agent knows which peer it is', async () => {
    await serve('echo');
    const connected = await connect(new URL('http://x/agents/guide/mcp'), overLibp2p);
    expect((await connected.callTool(HI)).content).toEqual([{ type: 'text', text: 'echo: hi \u{1f40c}' }]);
    await until(() => answered().length === 1);
    expect(answered()).toMatchObject([{ caller: `peer:${caller.peerId}`, outcome: 'completed' }]);
  });

  it('a client that cancels its call ends the request to the model', async () => {
    const connected = await connect(await serve('silent'));
    const asked = endpoint.requests.length;
    const abort = new AbortController();
    const call = connected.callTool(HI, { signal: abort.signal });
    await until(() => endpoint.requests.length > asked);
    abort.abort();
    await expect(call).rejects.toThrow();
    await until(() => answered().length === 1);
    expect(answered()).toMatchObject([{ outcome: 'cancelled' }]);
  });

  it('a failure of the model reaches the client without its endpoint', async () => {
    const result = await (await connect(await serve('failing'))).callTool(HI);
    expect(result.isError).toBe(true);
    expect(JSON.stringify(result)).toContain('E_ENGINE_UNAVAILABLE');
    expect(JSON.stringify(result)).not.toContain(new URL(endpoint.url).port);
  });

  it('an agent that is stopped answers its calls at work, and no further one', async () => {
    const url = await serve('silent');
    const connected = await connect(url, fetch, 'legacy');
    const asked = endpoint.requests.length;
    const call = connected.callTool(HI).catch((error: unknown) => error);
    await until(() => endpoint.requests.length > asked);
    await node.services.agents.stopAgent('guide');
    expect(JSON.stringify(await call)).toContain('E_AGENT_CLOSED');
    await expect(connected.callTool(HI)).rejects.toThrow();
  });
});

describe('a stranger at the MCP endpoint', () => {
  const post = (url: URL, body: string, headers: Record<string, string> = {}) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });

  it('a page of another origin is refused before the agent is asked', async () => {
    const response = await post(await serve('echo'), '{}', { origin: 'https://evil.example' });
    expect({ status: response.status, ...((await response.json()) as object) }).toMatchObject({
      status: 403,
      code: 'E_GATEWAY_ORIGIN',
    });
  });

  it('a huge message is refused by the gateway', async () => {
    expect((await post(await serve('echo'), `"${'x'.repeat(9_000_000)}"`)).status).toBe(413);
  });

  it('an agent that is not served has no endpoint', async () => {
    const url = await serve('echo');
    expect((await post(new URL('/agents/other/mcp', url), '{}')).status).toBe(404);
  });
});
