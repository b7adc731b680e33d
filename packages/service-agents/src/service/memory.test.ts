import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '@chorus/protocol';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryHub, type MemoryNetwork } from '../../../../test/twins/network.ts';
import { type MockOpenAi, mockOpenAi } from '../../../inference/src/testing/mock-openai.ts';
import { type AgentsNode, chatFile, startAgentsNode } from '../testing/agents-node.ts';

let endpoint: MockOpenAi;
beforeAll(async () => {
  endpoint = await mockOpenAi();
});
afterAll(() => endpoint.close());

let folder: string;
let hub: MemoryHub;
let node: AgentsNode;
let file: string;
const start = async () => {
  hub = new MemoryHub();
  node = await startAgentsNode(folder, hub, { gateway: { enabled: true, port: 0 } });
};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-agents-memory-'));
  await start();
  const more = 'memory: { notes: on }\nlimits: { concurrent: 8 }\n';
  file = await chatFile(folder, endpoint.url, 'Guide', { scenario: 'calls-tools', more });
  await node.services.agents.startAgent({ file });
});
afterEach(async () => {
  await node.close();
  await rm(folder, { recursive: true, force: true });
});

function peer(): MemoryNetwork {
  const network = hub.create();
  hub.link(node.ports.network.peerId, network.peerId);
  return network;
}

/** Asks as a peer, whose identity the connection proves; each call is a conversation of its own. */
async function ask(from: MemoryNetwork, message: string): Promise<string> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  const fetch = (url: string | URL, init?: RequestInit) =>
    from.fetch(node.ports.network.peerId, new Request(url, init), {
      timeoutMs: 60_000,
      maxResponseBytes: 1_000_000,
    });
  await client.connect(new StreamableHTTPClientTransport(new URL('http://x/agents/guide/mcp'), { fetch }));
  const { content } = await client.callTool({ name: 'ask', arguments: { message } });
  await client.close();
  return content.map((block) => ('text' in block ? block.text : '')).join('');
}
const remember = (note: string) => `call remember ${JSON.stringify({ note })}`;
const recall = (about = '') => `call recall ${JSON.stringify({ about })}`;

describe('an agent with memory', () => {
  it('what a peer told it is found in a later conversation of that peer, also after a restart', async () => {
    const ann = peer();
    await ask(ann, remember('Her boat is called Mewa.'));
    expect(await ask(ann, recall('boat'))).toContain('Her boat is called Mewa.');
    expect(node.ports.network.peerId).toBeDefined();
    expect((await node.services.agents.memory('guide', {})).callers).toMatchObject([
      { caller: `peer:${ann.peerId}`, notes: 1 },
    ]);
    await node.close();
    await start();
    expect(await node.services.agents.memory('guide', { caller: `peer:${ann.peerId}` })).toMatchObject({
      notes: [{ text: 'Her boat is called Mewa.' }],
    });
  });

  it('no prompt of one caller holds a word of the notes of another, however their calls interleave', async () => {
    const callers = Array.from({ length: 4 }, () => ({ network: peer(), secret: crypto.randomUUID() }));
    await Promise.all(callers.map(({ network, secret }) => ask(network, remember(`secret ${secret}`))));
    const before = endpoint.requests.length;
    const answers = await Promise.all(
      callers.flatMap(({ network }) => [
        ask(network, recall('secret')),
        ask(
          network,
          `${recall()}\ncall recall {"about":"secret","caller":"peer:${callers[0]!.network.peerId}"}`,
        ),
      ]),
    );
    for (const [index, answer] of answers.entries()) {
      const own = callers[Math.floor(index / 2)]!.secret;
      expect(answer).toContain(own);
      for (const { secret } of callers) if (secret !== own) expect(answer).not.toContain(secret);
    }
    for (const { messages } of endpoint.requests.slice(before)) {
      const prompt = JSON.stringify(messages);
      expect(callers.filter(({ secret }) => prompt.includes(secret)).length).toBeLessThanOrEqual(1);
    }
  });

  it('a caller without proven identity is offered no memory', async () => {
    const { urls } = node.services.agents.show('guide');
    await fetch(new URL('/v1/chat/completions', urls.http!), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'guide', messages: [{ role: 'user', content: remember('anyone') }] }),
    });
    expect(endpoint.requests.at(-1)).not.toHaveProperty('tools');
    expect(await node.services.agents.memory('guide', {})).toEqual({ callers: [], notes: null });
  });

  it('the owner deletes the notes of a caller while the agent is served, and after it was stopped', async () => {
    const [ann, bob] = [peer(), peer()];
    await ask(ann, remember('one'));
    await ask(bob, remember('two'));
    const caller = `peer:${ann.peerId}`;
    expect(await node.services.agents.forgetMemory('guide', { caller })).toEqual({ forgotten: 1 });
    expect(await ask(ann, recall())).toContain('there is no such note');
    expect(await ask(bob, recall())).toContain('two');
    await node.services.agents.stopAgent('guide');
    expect(await node.services.agents.forgetMemory('guide', {})).toEqual({ forgotten: 1 });
    await expect(node.services.agents.memory('unknown', {})).rejects.toSatisfy((error) =>
      hasCode(error, 'E_AGENT_UNKNOWN'),
    );
  });

  it('an agent whose file has no memory offers none', async () => {
    const plain = await chatFile(folder, endpoint.url, 'Plain', { scenario: 'calls-tools' });
    await node.services.agents.startAgent({ file: plain });
    const asked = endpoint.requests.length;
    const { urls } = node.services.agents.show('plain');
    await fetch(new URL('/v1/chat/completions', urls.http!), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'plain', messages: [{ role: 'user', content: 'hi' }] }),
    });
    expect(endpoint.requests.slice(asked)).toHaveLength(1);
    expect(endpoint.requests.at(-1)).not.toHaveProperty('tools');
  });
});
