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
import { kill, startNode, until, writeHome } from '../e2e/chorus-node.ts';

const CHOR = 10n ** 18n;
const NODES = ['client', 'provider', 'first', 'second', 'third'] as const;
type Name = (typeof NODES)[number];
const VALIDATORS: Name[] = ['first', 'second', 'third'];

let folder: string;
let devnet: Devnet;
let deployed: Deployment;
let provider: JsonRpcProvider;
let token: Contract;
const processes = new Map<string, ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-market-'));
  devnet = await startDevnet({ accounts: 6 });
  deployed = await deployChorus({
    url: devnet.url,
    privateKey: devnet.privateKeys[0]!,
    verifier: developmentKey(),
    market: { windowSeconds: 3600, stepSeconds: 1800, seatStake: 10n * CHOR },
  });
  provider = new JsonRpcProvider(devnet.url, devnet.chainId, { staticNetwork: true, cacheTimeout: -1 });
  const holder = new Wallet(devnet.privateKeys[0]!, provider);
  token = new Contract(deployed.token, [...chorusToken.abi], holder);
  let bootstrap: string[] = [];
  for (const name of NODES) {
    await (await token.getFunction('transfer')(addressOf(name), 200n * CHOR)).wait();
    await writeHome(join(folder, name), keyOf(name), {
      chain: { url: devnet.url, contract: deployed.taskManager },
      network: { listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap },
      market: { checkSeconds: 1 },
    });
    const api = await start(name);
    if (bootstrap.length === 0) bootstrap = [(await api.status()).network.addresses[0]!];
  }
});
afterAll(async () => {
  await Promise.all([...processes.values()].map(kill));
  provider?.destroy();
  await devnet?.close();
  await rm(folder, { recursive: true, force: true });
});

const keyOf = (name: Name) => devnet.privateKeys[1 + NODES.indexOf(name)]!;
const addressOf = (name: Name) => new Wallet(keyOf(name)).address;
const balances = () =>
  Promise.all(NODES.map((name): Promise<bigint> => token.getFunction('balanceOf')(addressOf(name))));
const start = async (name: Name) =>
  (await startNode(join(folder, name), folder, (node) => processes.set(name, node))).api;
const passTime = async (seconds: number) => {
  await provider.send('evm_increaseTime', [seconds]);
  await provider.send('evm_mine', []);
};

/** Run a command of a node's owner; its JSON. */
// biome-ignore lint/suspicious/noExplicitAny: what a command prints is what is tested
async function as(of: Name, ...args: string[]): Promise<any> {
  const env = { ...process.env, HOME: folder, CHORUS_HOME: join(folder, of) };
  const { code, stdout, stderr } = await runChorus([...args, '--json'], { cwd: folder, env });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}
const job = (of: Name, ...args: string[]) => as(of, 'market', 'job', ...args);
const isAt = async (of: Name, id: string, what: string | null) =>
  ((await job(of, 'show', id)).step?.what ?? null) === what;

it('a disputed job is decided by validators: files by storage, votes revealed by nodes, all balances to the unit', async () => {
  for (const name of VALIDATORS) {
    await as(name, 'stake', 'deposit', '10', '--token', deployed.token);
    expect((await as(name, 'market', 'seat', 'take')).seat).not.toBeNull();
  }
  await passTime(10);
  const before = await balances();
  const terms = ['--budget', '100', '--provider', addressOf('provider'), '--fund'];
  expect(await job('client', 'create', 'a drawing', ...terms, '--dry-run')).toMatchObject({
    budget: String(100n * CHOR),
  });
  const { jobId } = await job('client', 'create', 'a drawing', ...terms);
  await writeFile(join(folder, 'work.txt'), 'no drawing at all');
  await writeFile(join(folder, 'why.md'), 'This is no drawing.');
  await job('provider', 'submit', jobId, 'work.txt');
  await job('client', 'fetch', jobId, 'got.txt');
  expect(await readFile(join(folder, 'got.txt'), 'utf8')).toBe('no drawing at all');
  expect(await job('client', 'dispute', jobId, '--dry-run')).toMatchObject({ amount: String(10n * CHOR) });
  await job('client', 'dispute', jobId, '--grounds', 'why.md');
  await job('provider', 'defend', jobId);
  // The nodes of both parties have the jury drawn.
  await until(() => isAt('first', jobId, 'commit'));
  await job('first', 'fetch', jobId, 'grounds.md', '--what', 'grounds');
  expect(await readFile(join(folder, 'grounds.md'), 'utf8')).toBe('This is no drawing.');
  await job('first', 'vote', jobId, 'reject');
  await job('second', 'vote', jobId, 'complete');
  // A validator that dies after its vote reveals it when it starts again.
  await kill(processes.get('first')!);
  await job('third', 'vote', jobId, 'reject');
  await start('first');
  // Nodes reveal what was voted, and the client's has the decision carried out.
  await until(async () => (await job('client', 'show', jobId)).status === 'rejected');
  expect(await job('client', 'show', jobId)).toMatchObject({
    status: 'rejected',
    dispute: { outcome: 'upheld', bond: String(10n * CHOR) },
    step: null,
  });
  for (const name of ['client', 'first', 'third'] as const) await as(name, 'market', 'withdraw');
  expect((await as('second', 'market', 'withdraw')).withdrawn).toEqual([]);
  const after = await balances();
  const half = CHOR / 2n;
  expect(after.map((amount, i) => amount - before[i]!)).toEqual([
    5n * CHOR,
    -10n * CHOR,
    5n * half,
    0n,
    5n * half,
  ]);
});

it('a job that is not disputed is paid by the provider’s node alone, also if it was down when the window ended', async () => {
  const before = await balances();
  const { jobId } = await job(
    'client',
    'create',
    'a text',
    ...['--budget', '10', '--provider', addressOf('provider')],
  );
  await job('provider', 'budget', jobId, '20');
  await job('client', 'fund', jobId, '20');
  await job('provider', 'submit', jobId, 'work.txt');
  await kill(processes.get('provider')!);
  await passTime(3600);
  await start('provider');
  await until(async () => (await job('client', 'show', jobId)).status === 'completed');
  const [client, paid] = (await balances()).map((amount, i) => amount - before[i]!);
  expect([client, paid]).toEqual([-20n * CHOR, (198n * CHOR) / 10n]);
});
