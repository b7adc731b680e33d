import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Deployment, type Devnet, deployChorus, startDevnet } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import { chorusToken } from '@chorus/contracts';
import { Contract, JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';
import { type ModelServer, modelServer } from '../../packages/service-offers/src/testing/model-server.ts';
import { kill, startNode, until, writeHome } from '../e2e/chorus-node.ts';

const CHOR = 10n ** 18n;
const NODES = ['client', 'cheap', 'dear'] as const;
type Name = (typeof NODES)[number];

let folder: string;
let devnet: Devnet;
let deployed: Deployment;
let provider: JsonRpcProvider;
let token: Contract;
let model: ModelServer;
const processes = new Map<string, ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-offers-'));
  model = await modelServer();
  devnet = await startDevnet({ accounts: 4 });
  deployed = await deployChorus({
    url: devnet.url,
    privateKey: devnet.privateKeys[0]!,
    verifier: developmentKey(),
    market: { windowSeconds: 3600, stepSeconds: 1800, seatStake: 10n * CHOR },
  });
  provider = new JsonRpcProvider(devnet.url, devnet.chainId, { staticNetwork: true, cacheTimeout: -1 });
  token = new Contract(deployed.token, [...chorusToken.abi], new Wallet(devnet.privateKeys[0]!, provider));
  let bootstrap: string[] = [];
  for (const name of NODES) {
    await (await token.getFunction('transfer')(addressOf(name), 100n * CHOR)).wait();
    await writeHome(join(folder, name), keyOf(name), {
      chain: { url: devnet.url, contract: deployed.taskManager },
      network: { listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap },
      agents: { tokens: [deployed.token] },
      market: { checkSeconds: 1 },
      offers: { checkSeconds: 1 },
    });
    const api = await start(name);
    if (bootstrap.length === 0) bootstrap = [(await api.status()).network.addresses[0]!];
  }
});
afterAll(async () => {
  await Promise.all([...processes.values()].map(kill));
  provider?.destroy();
  await devnet?.close();
  await model?.close();
  await rm(folder, { recursive: true, force: true });
});

const keyOf = (name: Name) => devnet.privateKeys[1 + NODES.indexOf(name)]!;
const addressOf = (name: Name) => new Wallet(keyOf(name)).address;
const balanceOf = (name: Name): Promise<bigint> => token.getFunction('balanceOf')(addressOf(name));
const start = async (name: Name) =>
  (await startNode(join(folder, name), folder, (node) => processes.set(name, node))).api;

/** Run a command of a node's owner. */
async function run(of: Name, ...args: string[]) {
  const env = { ...process.env, HOME: folder, CHORUS_HOME: join(folder, of) };
  return runChorus([...args, '--json'], { cwd: folder, env });
}

// biome-ignore lint/suspicious/noExplicitAny: what a command prints is what is tested
async function as(of: Name, ...args: string[]): Promise<any> {
  const { code, stdout, stderr } = await run(of, ...args);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

async function offer(name: Name, price: string): Promise<void> {
  const file = join(folder, `${name}.yaml`);
  await writeFile(
    file,
    `chorus: agent/1
name: ${name}
description: Draws charts of pegs
model: { openai: { url: "${model.url}", name: m } }
offers:
  - id: chart
    description: A chart as SVG
    price: ${price} CHOR
    within: 10m
    input: { type: object, properties: { of: { type: string } }, required: [of] }
    deliverable: { type: object, properties: { svg: { type: string } }, required: [svg] }
`,
  );
  await as(name, 'agent', 'start', file);
  await as(name, 'agent', 'register', name);
}

const ASK = ['market', 'ask', 'a chart of the peg', '--budget', '20 CHOR', '--within', '1h', '--wait', '4'];

it('an ask is answered by two providers, the better is hired, dies at work, goes on, and is paid to the unit', async () => {
  await offer('cheap', '2');
  await offer('dear', '15');
  await until(async () => (await as('client', 'market', 'offer', 'list')).agents.length === 2);
  await writeFile(join(folder, 'input.json'), '{"of":"CHOR"}');
  const before = await Promise.all(NODES.map(balanceOf));

  const found = await as('client', ...ASK);
  expect(found.answers.map(({ title, unfit }: { title: string; unfit: null }) => [title, unfit])).toEqual([
    ['cheap', null],
    ['dear', null],
  ]);
  // The offer takes JSON; and no one agrees to the price here.
  for (const given of [[], ['--input', 'input.json']]) {
    expect(await run('client', ...ASK, ...given, '--hire')).toMatchObject({ code: 64 });
  }

  model.answer = () => new Promise(() => undefined);
  const { order } = await as('client', ...ASK, '--input', 'input.json', '--hire', '--yes');
  expect(order).toMatchObject({ state: 'taken-up', price: { units: String(2n * CHOR) }, tried: [] });
  await until(async () => model.asked.length === 1);
  processes.get('cheap')!.kill('SIGKILL');
  model.answer = () => '{"svg":"<svg/>"}';
  await start('cheap');
  const { jobId } = order;
  await until(async () => (await as('client', 'market', 'job', 'show', jobId)).status === 'submitted');
  expect(model.asked).toHaveLength(2);
  await as('client', 'market', 'job', 'fetch', jobId, 'chart.json');
  expect(await readFile(join(folder, 'chart.json'), 'utf8')).toBe('{"svg":"<svg/>"}');
  await as('client', 'market', 'job', 'complete', jobId);
  await until(async () => (await as('client', 'market', 'order', 'show', order.orderId)).state === 'done');

  const after = await Promise.all(NODES.map(balanceOf));
  expect(after.map((amount, i) => amount - before[i]!)).toEqual([-2n * CHOR, (198n * CHOR) / 100n, 0n]);
  const { answers } = await as('client', ...ASK, '--trust', 'known');
  expect(answers[0]).toMatchObject({ title: 'cheap', unfit: null });
  expect(answers[0].parts.at(-1).says).toContain('1 jobs done');
});
