import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CallEvent, callAgent } from '@chorus/a2a';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryHub, type MemoryNetwork } from '../../../../test/twins/network.ts';
import { type MockOpenAi, mockOpenAi } from '../../../inference/src/testing/mock-openai.ts';
import { type AgentsNode, AgentsWorld, chatFile, startAgentsNode, until } from '../testing/agents-node.ts';

let endpoint: MockOpenAi;
beforeAll(async () => {
  endpoint = await mockOpenAi();
});
afterAll(() => endpoint.close());

let folder: string;
let hub: MemoryHub;
let world: AgentsWorld;
let worker: AgentsNode;
let desk: AgentsNode;
let caller: MemoryNetwork;

async function start(n: number): Promise<AgentsNode> {
  const home = join(folder, `node-${n}`);
  await mkdir(home, { recursive: true });
  const config = { agents: { tokens: [world.ledger.token] } };
  const node = await startAgentsNode(home, hub, config, undefined, world, n);
  world.ledger.mint(world.ledger.token, node.ports.chain.account, 1_000n);
  return node;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-hired-'));
  hub = new MemoryHub();
  world = new AgentsWorld();
  [worker, desk] = [await start(1), await start(2)];
  caller = hub.create();
  hub.link(worker.ports.network.peerId, desk.ports.network.peerId);
  hub.link(desk.ports.network.peerId, caller.peerId);
});
afterEach(async () => {
  await worker.close();
  await desk.close();
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, model: string, more = ''): Promise<string> {
  const path = join(folder, `${name}.yaml`);
  await writeFile(path, `chorus: agent/1\nname: ${name}\nmodel: { agent: ${model} }\n${more}`);
  return path;
}

const balance = (node: AgentsNode) => world.ledger.balance(world.ledger.token, node.ports.chain.account);

async function ask(url: string, text: string): Promise<CallEvent[]> {
  const events: CallEvent[] = [];
  for await (const event of callAgent(url, text, { network: caller })) events.push(event);
  return events;
}

const textOf = (events: readonly CallEvent[]) =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('');

async function serveWorker(more = ''): Promise<string> {
  const path = await chatFile(folder, endpoint.url, 'worker', { more });
  await worker.services.agents.startAgent({ file: path });
  const { agentId } = await worker.services.agents.registerAgent('worker');
  await until(async () => (await desk.services.agents.findAgents({ limit: 1 })).agents.length > 0);
  return agentId!;
}

describe('an agent that asks another one', () => {
  it('answers with what that one says, and pays for it from its node’s wallet', async () => {
    const agentId = await serveWorker('price: 3 TWIN\n');
    const path = await file('desk', `{ id: ${agentId}, pay: 5 TWIN }`);
    const { urls, model } = await desk.services.agents.startAgent({ file: path });
    expect(model).toEqual({ kind: 'agent', name: `agent ${agentId} (worker)` });
    const [had, has] = [balance(desk), balance(worker)];
    const events = await ask(urls.libp2p!, 'hello');
    expect(textOf(events)).toBe('echo: hello \u{1f40c}');
    expect(events.at(-1)).toMatchObject({ type: 'completed' });
    expect([had - balance(desk), balance(worker) - has]).toEqual([3n, 3n]);
  });

  it('does not pay more than its file says, and nothing if that says nothing', async () => {
    const agentId = await serveWorker('price: 3 TWIN\n');
    const before = balance(desk);
    for (const pay of ['', ', pay: 2 TWIN']) {
      const path = await file('desk', `{ id: ${agentId}${pay} }`);
      const { urls } = await desk.services.agents.startAgent({ file: path });
      expect((await ask(urls.libp2p!, 'hello')).at(-1)).toMatchObject({
        type: 'failed',
        reason: expect.stringMatching(/E_PAYMENT_(REQUIRED|CAP)/),
      });
    }
    expect(balance(desk)).toBe(before);
  });

  it('is not opened for an agent whose identity does not hold', async () => {
    const path = await file('desk', '{ id: 999 }');
    await expect(desk.services.agents.startAgent({ file: path })).rejects.toMatchObject({
      code: 'E_AGENT_IDENTITY',
    });
  });

  it('can ask an agent of its own node', async () => {
    const path = await chatFile(folder, endpoint.url, 'inner');
    await desk.services.agents.startAgent({ file: path });
    const inner = desk.services.agents.show('inner').urls.libp2p!;
    const { urls } = await desk.services.agents.startAgent({
      file: await file('outer', `{ url: "${inner}" }`),
    });
    expect(textOf(await ask(urls.libp2p!, 'hi'))).toBe('echo: hi \u{1f40c}');
  });

  it('ends a circle of agents that ask each other', async () => {
    const path = await chatFile(folder, endpoint.url, 'one');
    const { urls: one } = await desk.services.agents.startAgent({ file: path });
    const two = await file('two', `{ url: "${one.libp2p}" }`);
    const { urls } = await desk.services.agents.startAgent({ file: two });
    // The first one asks the second from now on.
    await file('one', `{ url: "${urls.libp2p}" }`);
    await desk.services.agents.startAgent({ file: path });
    expect((await ask(urls.libp2p!, 'hi')).at(-1)).toMatchObject({
      type: 'failed',
      reason: expect.stringContaining('E_AGENT_HIRE'),
    });
  });
});
