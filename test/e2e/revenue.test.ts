import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AdminClient } from '@chorus/admin-api';
import { type Deployment, type Devnet, deployChorus, startDevnet } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import { chorusToken } from '@chorus/contracts';
import { Contract, JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';
import { type MockOpenAi, mockOpenAi } from '../../packages/inference/src/testing/mock-openai.ts';
import { kill, startNode, until, writeHome } from './chorus-node.ts';

const CHOR = 10n ** 18n;
const TREASURY = '0x00000000000000000000000000000000007ea503';

let folder: string;
let devnet: Devnet;
let deployed: Deployment;
let endpoint: MockOpenAi;
let provider: JsonRpcProvider;
let token: Contract;
/** Number of the agent with units. */
let agent: string;
let tool: string;
const nodes: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-revenue-'));
  endpoint = await mockOpenAi();
  devnet = await startDevnet({ accounts: 3 });
  deployed = await deployChorus({
    url: devnet.url,
    privateKey: devnet.privateKeys[0]!,
    verifier: developmentKey(),
    treasury: TREASURY,
  });
  provider = new JsonRpcProvider(devnet.url, devnet.chainId, { staticNetwork: true });
  const holder = new Wallet(devnet.privateKeys[0]!, provider);
  token = new Contract(deployed.token, [...chorusToken.abi], holder);
  await (await token.getFunction('transfer')(accountOf(2), 100n * CHOR)).wait();
  const creator = await start('creator', 1, []);
  const [address] = (await creator.status()).network.addresses;
  const holderNode = await start('holder', 2, [address!]);
  await serve('holder', 'tool', 'Dictionary', '');
  tool = await register('holder', 'dictionary');
  await serve(
    'creator',
    'guide',
    'Guide',
    `share: { holders: 20, tools: [{ agent: ${tool}, percent: 10 }] }\n`,
  );
  agent = await register('creator', 'guide');
  await until(async () => (await holderNode.findAgents({ text: 'Guide' })).agents.length > 0);
});
afterAll(async () => {
  await Promise.all(nodes.map(kill));
  provider?.destroy();
  await devnet?.close();
  await endpoint?.close();
  await rm(folder, { recursive: true, force: true });
});

const accountOf = (i: number) => new Wallet(devnet.privateKeys[i]!).address.toLowerCase();
const balance = (of: string): Promise<bigint> => token.getFunction('balanceOf')(of);

async function start(name: string, account: number, bootstrap: string[]): Promise<AdminClient> {
  const home = join(folder, name);
  await writeHome(home, devnet.privateKeys[account]!, {
    chain: { url: devnet.url, contract: deployed.taskManager },
    network: { listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap },
    agents: {
      tokens: [deployed.token],
      spend: { perCall: '2 CHOR', perDay: '20 CHOR', perAgentDay: '20 CHOR', approveAbove: '5 CHOR' },
    },
  });
  return (await startNode(home, folder, (node) => nodes.push(node))).api;
}

/** Run a command of a node's owner; its JSON. */
// biome-ignore lint/suspicious/noExplicitAny: what a command prints is what is tested
async function as(of: string, ...args: string[]): Promise<any> {
  const home = join(folder, of);
  const env = { ...process.env, HOME: folder, CHORUS_HOME: home };
  const { code, stdout, stderr } = await runChorus([...args, '--json'], { cwd: folder, env });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

async function serve(of: string, file: string, name: string, more: string): Promise<void> {
  const model = `model: { openai: { url: "${endpoint.url}", name: echo } }`;
  const text = `chorus: agent/1\nname: ${name}\n${model}\nprice: 1 CHOR\n${more}`;
  await writeFile(join(folder, `${file}.yaml`), text);
  await as(of, 'agent', 'start', `${file}.yaml`);
}

const register = async (of: string, name: string): Promise<string> =>
  (await as(of, 'agent', 'register', name)).agentId;

it('units of an agent are launched, and bought on another node at the price that was stated', async () => {
  const launch = [
    '--price',
    '0.5',
    '--step',
    '0.01',
    '--cap',
    '100',
    '--holders',
    '20',
    '--about',
    'A guide',
  ];
  expect(await as('creator', 'units', 'launch', agent, ...launch)).toMatchObject({
    supply: '0',
    holders: 20,
  });
  const stated = await as('holder', 'units', 'buy', agent, '10', '--dry-run');
  const before = await balance(accountOf(2));
  const bought = await as('holder', 'units', 'buy', agent, '10');
  // 10 x 0.5 and 0 + 0.01 + ... + 0.09, and 1 % of it
  expect(bought.amount).toBe(stated.limit);
  expect(BigInt(bought.amount)).toBe((545n * CHOR) / 100n + (545n * CHOR) / 10_000n);
  expect(before - (await balance(accountOf(2)))).toBe(BigInt(bought.amount));
});

it('a call pays the till, and creator, holder, tool and treasury are each credited, to the unit', async () => {
  expect(await as('holder', 'agent', 'show', agent)).toMatchObject({
    proven: true,
    till: { holders: 20, trainers: [], tools: [{ agent: tool, percent: 10 }] },
  });
  await as('holder', 'agent', 'call', agent, 'hello', '--pay', '1 CHOR');
  expect((await as('holder', 'till', 'show', agent)).waiting).toMatchObject([{ amount: CHOR.toString() }]);
  expect((await as('creator', 'earnings')).tills).toMatchObject([{ waiting: [{ amount: CHOR.toString() }] }]);
  // Anyone may have it divided.
  const { collected } = await as('holder', 'till', 'collect', agent);
  const net = CHOR - CHOR / 100n;
  expect(collected).toMatchObject([
    {
      paid: CHOR.toString(),
      protocolFee: (CHOR / 100n).toString(),
      trainers: '0',
      holders: (net / 5n).toString(),
      tools: (net / 10n).toString(),
      rest: (net - net / 5n - net / 10n).toString(),
      creator: accountOf(1),
    },
  ]);
  const creator = await as('creator', 'earnings', 'claim');
  expect(creator.paid).toMatchObject([{ from: 'tills', amount: collected[0].rest }]);
  expect(await balance(accountOf(1))).toBe(BigInt(collected[0].rest));
  const before = await balance(accountOf(2));
  const holder = await as('holder', 'earnings', 'claim');
  // Its own till as a tool, and the revenue of its units, of which division leaves less than one.
  expect(holder.paid.map(({ from }: { from: string }) => from)).toEqual(['tills', 'units']);
  const [asTool, asHolder] = holder.paid.map(({ amount }: { amount: string }) => BigInt(amount));
  expect(asTool).toBe(net / 10n);
  expect(asHolder).toBe(net / 5n);
  expect((await balance(accountOf(2))) - before).toBe(asTool + asHolder);
  // What is left there is the treasury's.
  expect(await balance(deployed.revenue!.tills)).toBe(CHOR / 100n);
});

it('who has paid the agent rates it, and everyone finds the rating and what stands behind it', async () => {
  const command = ['agent', 'feedback', agent];
  const planned = await as('holder', ...command, '--value', '90', '--dry-run');
  expect(planned).toMatchObject({ rating: 90, payment: { amount: CHOR.toString() }, given: null });
  const { given, payment } = await as('holder', ...command, '--value', '90');
  expect(payment.transaction).toBe(planned.payment.transaction);
  // One whole token paid weighs as much as the neutral 50.
  const rated = { score: 70, raters: 1, paid: CHOR.toString(), fee: (CHOR / 100n).toString() };
  expect(await as('creator', ...command)).toMatchObject({
    ...rated,
    feedback: [{ client: accountOf(2), own: false, rating: 90, part: 1, uncounted: null }],
  });
  expect((await as('creator', 'agent', 'show', agent)).reputation).toMatchObject(rated);
  const refused = async (of: string, ...args: string[]) => {
    const env = { ...process.env, HOME: folder, CHORUS_HOME: join(folder, of) };
    const { code, stderr } = await runChorus([...command, ...args], { cwd: folder, env });
    return { code, stderr };
  };
  expect((await refused('holder', '--value', '1')).stderr).toContain('has rated every payment');
  // An owner cannot rate its own agent.
  expect((await refused('creator', '--value', '100')).stderr).toContain('is not rated by its owner');
  expect((await refused('holder', '--value', '101')).code).toBe(64);
  expect((await refused('holder', '--dry-run')).code).toBe(64);
  const shown = await runChorus(command, {
    cwd: folder,
    env: { ...process.env, HOME: folder, CHORUS_HOME: join(folder, 'holder') },
  });
  expect(shown.stdout).toContain('70 of 100, by 1 account that paid it (1 CHOR');
  expect(shown.stdout).toContain('(you)');
  await as('holder', ...command, '--revoke', given.index);
  expect(await as('creator', ...command)).toMatchObject({ score: 50, raters: 0 });
});

it('the log of an agent says who asked, what was paid and how it ended', async () => {
  const env = { ...process.env, HOME: folder, CHORUS_HOME: join(folder, 'creator') };
  const [{ name }] = (await as('creator', 'agent', 'list')).agents;
  const { code, stdout } = await runChorus(['agent', 'log', name], { cwd: folder, env });
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`Agent ${name} is served with echo`));
  expect(stdout).toMatch(new RegExp(`was paid ${CHOR} units of ${deployed.token} by ${accountOf(2)}`, 'i'));
  expect(stdout).toMatch(/and peer:\S+: completed after/);
  const unknown = await runChorus(['agent', 'log', 'no-such-agent'], { cwd: folder, env });
  expect(unknown.stderr).toContain('this node has no such agent');
});

it('units are sold at the price that was stated, and nothing waits any more', async () => {
  const { limit } = await as('holder', 'units', 'sell', agent, '10', '--dry-run');
  expect((await as('holder', 'units', 'sell', agent, '10')).amount).toBe(limit);
  expect(await as('holder', 'units', 'show', agent)).toMatchObject({ supply: '0', held: '0', reserve: '0' });
  expect(await as('holder', 'earnings')).toMatchObject({ owed: [], royalties: [], units: [], training: [] });
});

it('what cannot be done is refused with what to do', async () => {
  const home = join(folder, 'holder');
  const run = (...args: string[]) =>
    runChorus(args, { cwd: folder, env: { ...process.env, HOME: folder, CHORUS_HOME: home } });
  const refusals: [string[], string][] = [
    [['units', 'show', tool], 'E_UNITS_UNKNOWN'],
    [['units', 'buy', agent, '101'], 'fewer units are left'],
    [['units', 'buy', agent, 'many'], 'this is not a number of units (given=many)'],
    [['units', 'buy', agent, '10', '--most', '5.5'], '10 units cost 5.5045 CHOR now, more than --most'],
    [['units', 'sell', agent, '1'], 'fewer units are out'],
    [['till', 'show', 'guide'], 'this is not the number of an agent (given=guide)'],
    [['till', 'show', '999'], 'no agent has this number (agent=999)'],
    [['agent', 'feedback', '999', '--value', '50'], 'no agent has this number (agent=999)'],
    [
      ['units', 'launch', agent, '--price', '1', '--cap', '5', '--holders', '1', '--about', 'mine now'],
      'E_CHAIN_NOT_ALLOWED',
    ],
  ];
  for (const [args, says] of refusals) {
    const { code, stderr } = await run(...args);
    expect(code, args.join(' ')).not.toBe(0);
    expect(stderr, args.join(' ')).toContain(says);
  }
});
