import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Deployment, type Devnet, deployChorus, startDevnet } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { outcomeOf, startChorus } from '../../apps/cli/src/testing/chorus-process.ts';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';
import { type MockOpenAi, mockOpenAi } from '../../packages/inference/src/testing/mock-openai.ts';
import { kill as killed, startNode, until, writeHome } from './chorus-node.ts';

let folder: string;
let home: string;
let devnet: Devnet;
let deployed: Deployment;
let endpoint: MockOpenAi;
const nodes = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-agents-'));
  home = join(folder, 'home');
  endpoint = await mockOpenAi();
  devnet = await startDevnet({ accounts: 3 });
  deployed = await deployChorus({
    url: devnet.url,
    privateKey: devnet.privateKeys[0]!,
    verifier: developmentKey(),
  });
  await writeNode(home, 1, { gateway: { enabled: true, port: 0 } });
  await writeFile(
    join(folder, 'guide.yaml'),
    `chorus: agent/1\nname: Harbour guide\nmodel: { openai: { url: "${endpoint.url}", name: echo } }\n`,
  );
});
afterEach(async () => {
  for (const node of nodes) await kill(node);
});
afterAll(async () => {
  await devnet.close();
  await endpoint.close();
  await rm(folder, { recursive: true, force: true });
});

const writeNode = (at: string, account: number, config: object) =>
  writeHome(at, devnet.privateKeys[account]!, {
    chain: { url: devnet.url, contract: deployed.taskManager },
    network: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    ...config,
  });

async function kill(node: ChildProcess): Promise<void> {
  nodes.delete(node);
  await killed(node);
}

const env = { ...process.env, HOME: '' };

/** A command of a node's owner. */
const commandOf =
  (of: string) =>
  (...args: string[]) =>
    runChorus(args, { cwd: folder, env: { ...env, HOME: folder, CHORUS_HOME: of } });
const command = (...args: string[]) => commandOf(home)(...args);

/** A command of somebody else, who shares nothing with the node but the network. */
function stranger(...args: string[]) {
  const elsewhere = { ...env, HOME: join(folder, 'stranger'), CHORUS_HOME: join(folder, 'stranger', 'home') };
  return outcomeOf(startChorus(args, { cwd: folder, env: elsewhere }));
}

const start = (at = home) => startNode(at, folder, (node) => nodes.add(node));

it('a stranger calls an agent of a node over libp2p and HTTP, also after the node was killed', async () => {
  const { api, node } = await start();
  const started = await command('agent', 'start', 'guide.yaml', '--json');
  expect(started.code).toBe(0);
  const { name, urls } = JSON.parse(started.stdout);
  expect(name).toBe('harbour-guide');

  const { network, agents } = await api.status();
  expect(agents).toEqual([{ name, state: 'serving' }]);
  const [address] = network.addresses;
  const overPeers = await stranger('agent', 'call', `${address}/agents/${name}/`, 'hello', '--json');
  expect({ code: overPeers.code, ...JSON.parse(overPeers.stdout) }).toMatchObject({
    code: 0,
    state: 'completed',
    text: 'echo: hello \u{1f40c}',
    card: { name: 'Harbour guide', url: urls.libp2p },
  });
  const overHttp = await stranger('agent', 'call', urls.http, 'hi');
  expect(overHttp).toMatchObject({ code: 0, stdout: 'echo: hi \u{1f40c}\n' });
  // The card is signed by the key of the node, whichever way it was read.
  expect(overHttp.stderr).toContain(JSON.parse(overPeers.stdout).card.did);

  await kill(node);
  const { api: again } = await start();
  await until(async () => (await again.agents()).agents.every(({ state }) => state === 'serving'));
  const [kept] = (await again.agents()).agents;
  expect(kept).toMatchObject({ name, title: 'Harbour guide' });
  const goingOn = ['--context', JSON.parse(overPeers.stdout).contextId];
  const [now] = (await again.status()).network.addresses;
  const later = await stranger(
    'agent',
    'call',
    `${now}/agents/${name}/`,
    'still there?',
    ...goingOn,
    '--json',
  );
  expect(JSON.parse(later.stdout)).toMatchObject({
    contextId: JSON.parse(overPeers.stdout).contextId,
    text: 'echo: still there? \u{1f40c}',
  });

  expect(await command('agent', 'stop', name)).toMatchObject({ code: 0 });
  const gone = await stranger('agent', 'call', `${now}/agents/${name}/`, 'hello');
  expect({ code: gone.code, stdout: gone.stdout }).toEqual({ code: 69, stdout: '' });
});

it('an agent is registered, and the owner of another node finds it, sees who it is, and calls it', async () => {
  const { api, node } = await start();
  expect(await command('agent', 'start', 'guide.yaml')).toMatchObject({ code: 0 });
  const priced = await command('agent', 'register', 'harbour-guide', '--dry-run', '--json');
  expect(JSON.parse(priced.stdout)).toMatchObject({ agentId: null, transactions: [] });
  expect(Number(JSON.parse(priced.stdout).cost.gas)).toBeGreaterThan(100_000);
  const registered = await command('agent', 'register', 'harbour-guide', '--json');
  expect(registered.code).toBe(0);
  const { agentId, transactions } = JSON.parse(registered.stdout);
  expect(transactions).toHaveLength(2);

  const elsewhere = join(folder, 'other');
  const [address] = (await api.status()).network.addresses;
  await writeNode(elsewhere, 2, { network: { listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: [address] } });
  const { api: other } = await start(elsewhere);
  await until(async () => (await other.findAgents({ text: 'harbour' })).agents.length > 0);
  const there = commandOf(elsewhere);
  const found = await there('agent', 'find', 'guide', '--json');
  expect(JSON.parse(found.stdout).agents).toMatchObject([{ agentId, title: 'Harbour guide' }]);
  const shown = await there('agent', 'show', agentId, '--json');
  expect(JSON.parse(shown.stdout)).toMatchObject({ proven: true });
  const called = await there('agent', 'call', agentId, 'hello');
  expect({ code: called.code, stdout: called.stdout }).toEqual({
    code: 0,
    stdout: 'echo: hello \u{1f40c}\n',
  });

  // Who looks on the web finds it too, and that the domain stands behind the identity.
  const { http } = (await api.agent('harbour-guide')).urls;
  const read = async (url: string | URL) => (await (await fetch(url)).json()) as Record<string, unknown>;
  const wellKnown = (name: string) => read(new URL(`/.well-known/${name}`, http!));
  const entries = (await wellKnown('ai-catalog.json')).entries as { url: string }[];
  expect(entries).toMatchObject([{ identifier: expect.stringMatching(new RegExp(`:${agentId}$`)) }]);
  expect(await read(entries[0]!.url)).toMatchObject({ name: 'Harbour guide' });
  expect(await wellKnown('agent-registration.json')).toMatchObject({
    registrations: [{ agentId: Number(agentId) }],
  });

  // A node that is killed does not say that its agents are gone: the caller learns it.
  await kill(node);
  const gone = await there('agent', 'call', agentId, 'hello');
  expect(gone.stderr).toContain('E_AGENT_IDENTITY');
  expect(gone.code).not.toBe(0);
});

it("a stranger is answered with an agent's tool, documents and notes, and the tool ends with the killed node", async () => {
  const program = fileURLToPath(new URL('../../packages/mcp/src/testing/program.ts', import.meta.url));
  const pidFile = join(folder, 'tool.pid');
  await writeFile(join(folder, 'hours.md'), '# Prices\nAdults pay 12 crowns.');
  await writeFile(
    join(folder, 'helper.yaml'),
    `chorus: agent/1
name: Helper
model: { openai: { url: "${endpoint.url}", name: calls-tools } }
knowledge: [ hours.md ]
memory: { notes: on }
tools:
  - mcp:
      command: ${JSON.stringify(process.execPath)}
      args: ["--conditions=@chorus/source", ${JSON.stringify(program)}]
      env: { PID_FILE: ${JSON.stringify(pidFile)} }
    allow: [tide_at]
`,
  );
  const { api, node } = await start();
  expect(await command('agent', 'start', 'helper.yaml')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/tools +tide_at\n/),
  });
  const [address] = (await api.status()).network.addresses;
  const ask = async (text: string) => {
    const { stdout, stderr } = await stranger('agent', 'call', `${address}/agents/helper/`, text);
    return { stdout, stderr };
  };
  const tide = await ask('call tide_at {"day":"Monday"}');
  expect(tide.stdout).toContain('1.2 m on Monday');
  expect(tide.stderr).toContain('calls tide_at {"day":"Monday"}');
  expect((await ask('How much do adults pay?')).stdout).toMatch(
    /\[1\] hours\.md, "Prices" {2}"Adults pay 12 crowns\."\n/,
  );
  await ask('call remember {"note":"Comes on Mondays"}');
  expect((await ask('call recall {"about":"Mondays"}')).stdout).toContain('Comes on Mondays');
  const { stdout } = await command('agent', 'memory', 'list', 'helper', '--json');
  expect(JSON.parse(stdout).callers).toMatchObject([{ caller: expect.stringMatching(/^peer:/), notes: 1 }]);

  const pid = Number(await readFile(pidFile, 'utf8'));
  const isAlive = async () => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  expect(await isAlive()).toBe(true);
  await kill(node);
  await until(async () => !(await isAlive()));
  expect(await isAlive()).toBe(false);
});
