import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CallEvent, callAgent } from '@chorus/a2a';
import { createAdminClient, readAdmin } from '@chorus/admin-api';
import type { AnyEvent } from '@chorus/node';
import type { AgentMessage } from '@chorus/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryHub, type MemoryNetwork } from '../../../../test/twins/network.ts';
import { type MockOpenAi, mockOpenAi } from '../../../inference/src/testing/mock-openai.ts';
import { largest, linear } from '../../../inference/src/testing/models.ts';
import { greyPng } from '../../../inference/src/testing/png.ts';
import { type AgentsNode, chatFile as chatFileIn, startAgentsNode, until } from '../testing/agents-node.ts';

let endpoint: MockOpenAi;
beforeAll(async () => {
  endpoint = await mockOpenAi();
});
afterAll(() => endpoint.close());

let folder: string;
let hub: MemoryHub;
let caller: MemoryNetwork;
let node: AgentsNode | undefined;
let events: AnyEvent[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-agents-'));
  hub = new MemoryHub();
  caller = hub.create();
  events = [];
});
afterEach(async () => {
  await node?.close();
  node = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** A node that the caller is connected with; again, it is that node after a restart. */
async function start(config: object = {}): Promise<AgentsNode> {
  node = await startAgentsNode(folder, hub, config, (event) => events.push(event));
  hub.link(node.ports.network.peerId, caller.peerId);
  return node;
}

const client = async () => createAdminClient(await readAdmin(folder));

const chatFile = (name: string, scenario = 'echo', more = '') =>
  chatFileIn(folder, endpoint.url, name, { scenario, more });

async function classifierFile(name: string, model = largest(3)): Promise<string> {
  await writeFile(join(folder, `${name}.onnx`), model);
  const file = join(folder, `${name}.yaml`);
  await writeFile(
    file,
    `chorus: agent/1\nname: ${name}\nmodel: { onnx: { file: ./${name}.onnx, classes: [cat, dog, eel] } }\n`,
  );
  return file;
}

/** Everything that an agent answers. */
async function call(target: string, message: string | AgentMessage): Promise<CallEvent[]> {
  const answered: CallEvent[] = [];
  for await (const event of callAgent(target, message, { network: caller })) answered.push(event);
  return answered;
}

const textOf = (answered: readonly CallEvent[]) =>
  answered.map((event) => (event.type === 'text' ? event.text : '')).join('');

const urlOf = (running: AgentsNode, name: string) => running.services.agents.show(name).urls.libp2p!;

describe('an agent of a node', () => {
  it('an agent is started by the admin API, called by a peer, and its answers are counted', async () => {
    const running = await start();
    const api = await client();
    const document = await api.startAgent({ file: await chatFile('Harbour guide') });
    expect(document).toMatchObject({ name: 'harbour-guide', state: 'serving', model: { name: 'echo' } });
    expect(textOf(await call(document.urls.libp2p!, 'hello'))).toBe('echo: hello \u{1f40c}');
    await until(() => running.services.agents.show('harbour-guide').answers.completed === 1);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'agents.answered',
        agent: 'harbour-guide',
        caller: `peer:${caller.peerId}`,
        outcome: 'completed',
        code: null,
      }),
    );
    const metrics = await api.metrics();
    expect(metrics).toContain('chorus_agents{state="serving"} 1\n');
    expect(metrics).toContain('chorus_agents_answers_total{agent="harbour-guide",outcome="completed"} 1\n');
  });

  it('an ONNX classifier answers a peer with a label, computed in a process of its own', async () => {
    const running = await start();
    await running.services.agents.startAgent({ file: await classifierFile('reader') });
    const answered = await call(urlOf(running, 'reader'), '0, 3, 1');
    expect(answered.find(({ type }) => type === 'data')).toMatchObject({ value: { label: 'dog' } });
    const path = '/agents/reader/.well-known/agent-card.json';
    const card = await caller.fetch(running.ports.network.peerId, new Request(`http://x${path}`), {
      timeoutMs: 5_000,
      maxResponseBytes: 100_000,
    });
    // What a card does not name is refused before the model sees it.
    expect(await card.json()).toMatchObject({
      defaultInputModes: expect.arrayContaining(['application/json']),
      defaultOutputModes: expect.arrayContaining(['application/json']),
    });
    expect(running.resources.reservedBytes()).toBeGreaterThan(0);
    await running.services.agents.stopAgent('reader');
    expect(running.resources.reservedBytes()).toBe(0);
  });

  it('a classifier of images answers a peer that sends one', async () => {
    const running = await start();
    // The class is the half of the image that is brighter.
    const halves = linear(
      [1, 1, 2],
      [
        [5, 0],
        [0, 5],
      ],
    );
    const file = await classifierFile('halves', halves);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('[cat, dog, eel]', '[left, right]'));
    await running.services.agents.startAgent({ file });
    const bytes = greyPng(2, 1, (x) => 255 * x);
    const answered = await call(urlOf(running, 'halves'), {
      from: 'caller',
      text: '',
      files: [{ name: 'half.png', mediaType: 'image/png', bytes }],
      data: [],
    });
    expect(answered.find(({ type }) => type === 'data')).toMatchObject({ value: { label: 'right' } });
  });

  it('an agent that is stopped while it opens is neither served nor kept', async () => {
    const running = await start();
    const { agents: service } = running.services;
    const file = await classifierFile('brief');
    const starting = service.startAgent({ file }).catch((error: unknown) => error);
    await until(() => service.list().agents.length === 1);
    await service.stopAgent('brief');
    expect(await starting).toBeInstanceOf(Error);
    expect(service.list().agents).toEqual([]);
    await running.close();
    expect((await start()).services.agents.list().agents).toEqual([]);
  });

  it('agents are served again after a restart, and a stopped one is not', async () => {
    const before = await start();
    await before.services.agents.startAgent({ file: await chatFile('one') });
    await before.services.agents.startAgent({ file: await chatFile('two'), name: 'second' });
    await before.services.agents.stopAgent('one');
    await before.close();
    const after = await start();
    await until(() => after.services.agents.list().agents.every(({ state }) => state === 'serving'));
    expect(after.services.agents.list().agents.map(({ name }) => name)).toEqual(['second']);
    expect(textOf(await call(urlOf(after, 'second'), 'again'))).toContain('echo: again');
  });

  it('the card is signed by the key of the node, and names the gateway first if that is open', async () => {
    const running = await start({ gateway: { enabled: true, port: 0 } });
    const { urls } = await running.services.agents.startAgent({ file: await chatFile('both') });
    const answered: CallEvent[] = [];
    const here = (request: Request, signal: AbortSignal) => fetch(request, { signal });
    for await (const event of callAgent(urls.http!, 'by http', { fetch: here })) answered.push(event);
    expect(textOf(answered)).toContain('echo: by http');
    const card = await (await fetch(new URL('.well-known/agent-card.json', urls.http!))).json();
    expect(card).toMatchObject({
      supportedInterfaces: [{ url: `${urls.http}a2a` }, {}, { url: `${urls.libp2p}a2a` }],
    });
    expect(JSON.stringify(card)).not.toContain(endpoint.url);
    const list = await (await fetch(new URL('/agents', urls.http!))).json();
    expect(list).toEqual({
      agents: [expect.objectContaining({ name: 'both', path: '/agents/both/' })],
    });
  });

  it('the owner’s change of a file counts when the agent is started again, and a faulty one changes nothing', async () => {
    const running = await start();
    const { agents: service } = running.services;
    const file = await chatFile('guide');
    await service.startAgent({ file });
    await writeFile(file, 'chorus: agent/1\nname: guide\nmodel: {}\n');
    await expect(service.startAgent({ file, name: 'guide' })).rejects.toMatchObject({ code: 'E_AGENT_FILE' });
    expect(textOf(await call(urlOf(running, 'guide'), 'still'))).toContain('echo: still');
    await chatFile('guide', 'repeat-prompt', 'instructions: Be brief.\n');
    await service.startAgent({ file });
    expect(textOf(await call(urlOf(running, 'guide'), 'now'))).toContain('Be brief.');
  });
});

describe('an agent that cannot be served', () => {
  it('a faulty file is the error of its owner, and the node keeps no warning about it', async () => {
    await start();
    const api = await client();
    const faulty = join(folder, 'faulty.yaml');
    await writeFile(faulty, 'chorus: agent/1\nname: faulty\nmodel: {}\n');
    const noModel = join(folder, 'no-model.yaml');
    await writeFile(noModel, 'chorus: agent/1\nname: none\nmodel: { onnx: { file: ./no-model.yaml } }\n');
    await expect(api.startAgent({ file: faulty })).rejects.toMatchObject({ code: 'E_AGENT_FILE' });
    await expect(api.startAgent({ file: noModel })).rejects.toMatchObject({ code: 'E_MODEL_CORRUPT' });
    expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
  });

  it('a start that fails leaves no agent, and its name free', async () => {
    const running = await start();
    const { agents: service } = running.services;
    const file = join(folder, 'gone.yaml');
    await writeFile(file, 'chorus: agent/1\nname: gone\nmodel: { onnx: { file: ./gone.onnx } }\n');
    await expect(service.startAgent({ file })).rejects.toThrow();
    expect(service.list().agents).toEqual([]);
    await running.close();
    expect((await start()).services.agents.list().agents).toEqual([]);
  });

  it('a kept agent whose model has gone is shown with the reason, refuses calls, and can be repaired', async () => {
    const before = await start();
    const file = await classifierFile('reader');
    await before.services.agents.startAgent({ file });
    await before.close();
    const model = await readFile(join(folder, 'reader.onnx'));
    await rm(join(folder, 'reader.onnx'));
    const after = await start();
    const { agents: service } = after.services;
    await until(() => service.show('reader').state === 'failed');
    expect(service.show('reader').problem).toMatchObject({ code: expect.stringMatching(/^E_/) });
    expect(events).toContainEqual(expect.objectContaining({ type: 'agents.failed', agent: 'reader' }));
    const { peerId } = after.ports.network;
    const refused = await caller.fetch(
      peerId,
      new Request('http://x/agents/reader/a2a', { method: 'POST' }),
      {
        timeoutMs: 5_000,
        maxResponseBytes: 10_000,
      },
    );
    expect(refused.status).toBe(503);
    await writeFile(join(folder, 'reader.onnx'), model);
    expect(await service.startAgent({ file })).toMatchObject({ state: 'serving', problem: null });
  });

  it.each([
    ['a name that another file has', 'E_AGENT_EXISTS', { name: 'first' }],
    ['a name that addresses cannot have', 'E_AGENT_NAME', { name: '-no-' }],
    ['one more than the owner allows', 'E_AGENT_LIMIT', { name: 'second' }],
  ])('%s is refused', async (_, code, { name }) => {
    const { services } = await start({ agents: { most: 1 } });
    await services.agents.startAgent({ file: await chatFile('one'), name: 'first' });
    await expect(services.agents.startAgent({ file: await chatFile('two'), name })).rejects.toMatchObject({
      code,
    });
    expect(services.agents.list().agents.map((each) => each.name)).toEqual(['first']);
  });

  it('an agent file cannot read the password of the node’s wallet', async () => {
    const { services } = await start();
    const file = join(folder, 'thief.yaml');
    await writeFile(
      file,
      `chorus: agent/1\nname: thief\nmodel: { openai: { url: "${endpoint.url}", name: echo, key: "\${env:CHORUS_PASSWORD}" } }\n`,
    );
    process.env.CHORUS_PASSWORD = 'correct horse';
    try {
      await expect(services.agents.startAgent({ file })).rejects.toMatchObject({ code: 'E_AGENT_SECRET' });
    } finally {
      delete process.env.CHORUS_PASSWORD;
    }
  });

  it('a model that needs more memory than the owner gives is refused', async () => {
    const { services } = await start({ limits: { memory: '64 MB' } });
    await expect(services.agents.startAgent({ file: await classifierFile('large') })).rejects.toMatchObject({
      code: 'E_LIMIT_MEMORY',
    });
  });
});

describe('a stranger', () => {
  const ask = (peer: string, path: string, init: RequestInit = {}) =>
    caller.fetch(peer, new Request(`http://x${path}`, init), { timeoutMs: 5_000, maxResponseBytes: 100_000 });

  it.each(['/', '/agents/none/', '/agents/../v1/status', '/v1/agents', '/agents/%2e%2e/x', '/agents/A/'])(
    '%s is answered with 404',
    async (path) => {
      const { ports, services } = await start();
      await services.agents.startAgent({ file: await chatFile('one') });
      const response = await ask(ports.network.peerId, path);
      expect({ status: response.status, ...((await response.json()) as object) }).toMatchObject({
        status: 404,
        code: 'E_AGENT_UNKNOWN',
      });
    },
  );

  it('a node without agents answers no HTTP request of a peer', async () => {
    const { ports, services } = await start();
    const { peerId } = ports.network;
    await expect(ask(peerId, '/agents/')).rejects.toMatchObject({ code: 'E_NETWORK_REQUEST' });
    await services.agents.startAgent({ file: await chatFile('one') });
    expect((await ask(peerId, '/agents/')).status).toBe(200);
    await services.agents.stopAgent('one');
    await expect(ask(peerId, '/agents/')).rejects.toMatchObject({ code: 'E_NETWORK_REQUEST' });
  });

  it('a list for strangers has no file, no model and no agent that cannot be called', async () => {
    const running = await start();
    await running.services.agents.startAgent({ file: await chatFile('open') });
    const list = await (await ask(running.ports.network.peerId, '/agents/')).json();
    expect(list).toEqual({
      agents: [{ name: 'open', title: 'open', description: 'open', path: '/agents/open/' }],
    });
  });

  it('a failure of the model reaches the caller without its endpoint, and the owner with its code', async () => {
    const running = await start();
    await running.services.agents.startAgent({ file: await chatFile('broken', 'failing') });
    const answered = await call(urlOf(running, 'broken'), 'hello');
    expect(answered.at(-1)!.type).toBe('failed');
    expect(JSON.stringify(answered)).not.toContain(new URL(endpoint.url).port);
    await until(() => running.services.agents.show('broken').answers.failed === 1);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'agents.answered', outcome: 'failed', code: 'E_ENGINE_UNAVAILABLE' }),
    );
  });

  it('a conversation of one caller is not known to another', async () => {
    const running = await start();
    await running.services.agents.startAgent({ file: await chatFile('memory', 'repeat-prompt') });
    const url = urlOf(running, 'memory');
    const first = await call(url, 'my secret is 4711');
    const { contextId } = first.find((event) => event.type === 'task')!;
    const other = hub.create();
    hub.link(other.peerId, running.ports.network.peerId);
    const heard: CallEvent[] = [];
    for await (const event of callAgent(url, 'what did I say?', { network: other, contextId }))
      heard.push(event);
    expect(textOf(heard)).not.toContain('4711');
  });

  it('closing the node ends a request that waits for the model', async () => {
    const running = await start();
    await running.services.agents.startAgent({ file: await chatFile('slow', 'silent') });
    const asked = call(urlOf(running, 'slow'), 'hello').catch((error: unknown) => error);
    await until(() => running.services.agents.show('slow').load.tasks === 1);
    await running.close();
    node = undefined;
    const ended = await asked;
    if (Array.isArray(ended))
      expect(ended.at(-1)).toMatchObject({ type: expect.stringMatching(/failed|cancelled/) });
    else expect(ended).toBeInstanceOf(Error);
  });
});
