import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChorusChain,
  connectChain,
  type Deployment,
  type Devnet,
  deployChorus,
  parseUnits,
  ruleId,
  startDevnet,
  transferTokens,
} from '@chorus/chain';
import { CONFIG_FILE, createIdentity, WALLET_KEY_FILE } from '@chorus/node';
import { type Address, OPEN_TO_ALL } from '@chorus/protocol';
import { OWN_NETWORK } from '@chorus/service-training';
import { JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Outcome, outcomeOf, startChorus } from '../../apps/cli/src/testing/chorus-process.ts';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';
import { until } from '../patience.ts';
import { deployAcceptingVerifiers } from '../twins/verifiers.ts';

const PASSWORD = 'correct horse battery';
const tokens = (text: string) => parseUnits(text, 18);
const START = tokens('1000');

let folder: string;
let devnet: Devnet;
let provider: JsonRpcProvider;
let deployment: Deployment;
/** Publishes a task; Ada's wallet, where the commands do not act for it. */
let requester: ChorusChain;
let adaChain: ChorusChain;
let ada: Address;
let bob: Address;
let node: ChildProcess | null = null;

const homeOf = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-stake-'));
  devnet = await startDevnet({ accounts: 3 });
  const { url } = devnet;
  const [deployer, adaKey, bobKey] = devnet.privateKeys as [`0x${string}`, `0x${string}`, `0x${string}`];
  const verifier = await deployAcceptingVerifiers(url, deployer);
  deployment = await deployChorus({ url, privateKey: deployer, verifier });
  provider = new JsonRpcProvider(url, undefined, { batchMaxCount: 1, cacheTimeout: -1 });
  const contract = deployment.taskManager;
  requester = await connectChain({ url, contract, privateKey: deployer });
  adaChain = await connectChain({ url, contract, privateKey: adaKey });
  ada = adaChain.account;
  bob = new Wallet(bobKey).address.toLowerCase() as Address;
  const { token } = deployment;
  await transferTokens({ url, privateKey: deployer, token, recipients: [ada, bob], amount: START });
  for (const name of ['ada', 'bob']) {
    await mkdir(homeOf(name), { recursive: true, mode: 0o700 });
    const config = {
      roles: ['aggregator'],
      chain: { url, contract, chainId: devnet.chainId },
      network: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      srsCache: join(folder, 'srs'),
      ...OWN_NETWORK,
    };
    await writeFile(join(homeOf(name), CONFIG_FILE), JSON.stringify(config));
    const file = { chainId: devnet.chainId, taskManager: contract, token };
    await writeFile(join(homeOf(name), 'deployment.json'), JSON.stringify(file));
  }
  await writeFile(join(folder, 'password'), `${PASSWORD}\n`, { mode: 0o600 });
  await createIdentity(homeOf('ada'), PASSWORD, { wallet: new Wallet(adaKey), scryptN: 1024 });
  await writeFile(join(homeOf('bob'), WALLET_KEY_FILE), bobKey, { mode: 0o600 });
});
afterAll(async () => {
  if (node && node.exitCode === null) {
    node.kill('SIGKILL');
    await once(node, 'close');
  }
  await requester?.close();
  await adaChain?.close();
  provider?.destroy();
  await devnet?.close();
  await rm(folder, { recursive: true, force: true });
});

const surroundings = (name: string) => ({
  env: {
    ...process.env,
    HOME: folder,
    CHORUS_HOME: homeOf(name),
    CHORUS_PASSWORD_FILE: join(folder, 'password'),
  },
  cwd: folder,
});

const stake = (name: string, ...args: string[]) => runChorus(['stake', ...args], surroundings(name));

function answerOf({ code, stdout, stderr }: Outcome) {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

const json = async (name: string, ...args: string[]) => answerOf(await stake(name, ...args, '--json'));

/** The same in a process of its own, next to others. */
const jsonApart = async (name: string, ...args: string[]) =>
  answerOf(await outcomeOf(startChorus(['stake', ...args, '--json'], surroundings(name))));

/** What a refused command says; nothing may have been sent. */
async function refused(name: string, code: number, error: string, ...args: string[]): Promise<string> {
  const account = name === 'ada' ? ada : bob;
  const before = await provider.getTransactionCount(account);
  const outcome = await stake(name, ...args);
  expect({ args, code: outcome.code, stdout: outcome.stdout }).toEqual({ args, code, stdout: '' });
  expect(outcome.stderr).toContain(error);
  expect(await provider.getTransactionCount(account)).toBe(before);
  return outcome.stderr;
}

const balance = (account: Address) => requester.balance(deployment.token, account);
const position = async () => (await requester.stakeAccount(ada)).positions[0]!;

async function passTime(seconds: number): Promise<void> {
  await provider.send('evm_increaseTime', [seconds]);
  await provider.send('evm_mine', []);
}

it('stake is shown before there is any, without a password, and a dry run sends nothing', async () => {
  const env = { ...process.env, HOME: folder, CHORUS_HOME: homeOf('ada'), CHORUS_PASSWORD_FILE: '' };
  const args = ['stake', '--json'];
  const { stdout } = await runChorus(args, { env, cwd: folder });
  expect(JSON.parse(stdout)).toMatchObject({
    account: ada,
    agentId: null,
    positions: [],
    tokens: [{ address: deployment.token, decimals: 18, balance: START.toString() }],
  });
  const dry = await json('ada', 'deposit', '100.5', '--dry-run');
  expect(dry).toMatchObject({ dryRun: true, registered: true, agentId: null, transaction: null });
  expect(await provider.getTransactionCount(ada)).toBe(0);
});

it('a deposit registers the identity, another wallet delegates to it, and both see it', async () => {
  const made = await json('ada', 'deposit', '100.5');
  expect(made).toMatchObject({ owner: ada, registered: true, amount: tokens('100.5').toString() });
  const delegated = await stake('bob', 'delegate', ada, '40.25');
  expect(delegated).toMatchObject({ code: 0, stderr: '' });
  expect(delegated.stdout).toMatch(/^40\.25 \S+ put behind 0x[0-9a-f]{40}, identity \d+, in 0x/);
  expect(await balance(deployment.stakes)).toBe(tokens('140.75'));
  const { positions } = await json('ada', 'show');
  expect(positions).toHaveLength(1);
  expect(positions[0]).toMatchObject({ own: true, staked: tokens('100.5').toString(), locks: [] });
  expect(positions[0].holders).toMatchObject([{ account: ada }, { account: bob }]);
  const view = await stake('bob', 'show');
  expect(view.stdout).toMatch(/identity \d+\).*40\.25/);
  expect((await json('bob', 'show', ada)).positions).toMatchObject([{ own: true, agentId: made.agentId }]);
});

it('the record of an identity is shown by its wallet or number, and that of a wallet without one is refused', async () => {
  const record = await json('ada', 'record');
  expect(record).toMatchObject({ owner: ada, tasks: 0, missedDuties: 0, entries: [], slashed: [] });
  expect(await json('bob', 'record', record.agentId)).toEqual(record);
  expect((await stake('bob', 'record', ada)).stdout).toContain('Nothing is held against it.');
  await refused('bob', 1, 'E_STAKE_NO_IDENTITY', 'record');
  await refused('bob', 1, 'E_STAKE_NO_IDENTITY', 'record', '99999');
});

it('what cannot be deposited is refused before anything is sent', async () => {
  const said = await refused('ada', 1, 'E_STAKE_BALANCE', 'deposit', '899.500000000000000001');
  expect(said).toContain('0.000000000000000001');
  await refused('ada', 1, 'E_STAKE_NO_IDENTITY', 'delegate', bob, '1');
  await refused('ada', 64, 'E_USAGE', 'deposit', '0');
  await refused('ada', 64, 'E_USAGE', 'deposit', '1.0000000000000000001');
  await refused('ada', 64, 'E_USAGE', 'delegate', 'bob', '1');
  await refused('ada', 1, 'E_CHAIN_TOKEN', 'deposit', '1', '--token', deployment.taskManager);
  await refused('ada', 1, 'E_STAKE_NOTHING_TO_WITHDRAW', 'withdraw');
});

let taskId: bigint;
it('what a task has locked stays, and what is free is unbonded to the last unit', async () => {
  const created = await requester.createTask({
    token: deployment.token,
    budget: 1_000_000n,
    rounds: 1,
    minTrainers: 2,
    maxTrainers: 2,
    minAggregators: 1,
    stake: tokens('60'),
    minValidators: 1,
    aggregatorFeeBps: 0,
    validatorFeeBps: 0,
    joinSeconds: 1_000,
    commitSeconds: 1_000,
    referenceSeconds: 1_000,
    settleSeconds: 100,
    dimension: 10,
    rule: ruleId('reference-trust'),
    termsDigest: `0x${'7e'.repeat(32)}`,
    ...OPEN_TO_ALL,
    validators: [requester.account],
  });
  ({ taskId } = created);
  const { agreement } = await adaChain.task(taskId);
  const { agentId } = await position();
  await adaChain.join(taskId, { agreement, agentId, roles: ['trainer'], peerId: 'ada' });

  const said = await refused('ada', 75, 'E_STAKE_LOCKED', 'unbond', 'all');
  expect(said).toMatch(/80\.75 .* can be unbonded now/);
  expect(said).toContain('chorus task leave');
  expect((await stake('ada', 'show')).stdout).toMatch(/Locked in tasks[\s\S]*60 /);
  await refused('bob', 1, 'E_STAKE_NONE', 'unbond', '1');
  await refused('bob', 1, 'E_STAKE_TOO_LITTLE', 'unbond', '40.250000000000000001', '--from', ada);

  const asked = await json('bob', 'unbond', 'all', '--from', ada);
  expect(asked).toMatchObject({ amount: tokens('40.25').toString(), owner: ada });
  await refused('ada', 75, 'E_STAKE_LOCKED', 'unbond', '40.500000000000000001');
  const rest = await stake('ada', 'unbond', '40.5');
  expect(rest).toMatchObject({ code: 0, stderr: '' });
  expect(rest.stdout).toMatch(/40\.5 \S+ is unbonding until .*, in \d+ (h|min|days)/);
  expect((await adaChain.stake(deployment.token, agentId)).free).toBe(0n);
  await refused('ada', 75, 'E_STAKE_LOCKED', 'unbond', '0.000000000000000001');
});

it('a withdrawal waits for the end of the unbonding period, and says when that is', async () => {
  const said = await refused('bob', 75, 'E_STAKE_NOT_MATURE', 'withdraw');
  expect(said).toMatch(/withdraw it at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, in \d+ (h|min|days)/);
  await refused('bob', 75, 'E_STAKE_NOT_MATURE', 'withdraw', '--dry-run');
  await passTime(await requester.unbondSeconds());
  expect(await json('bob', 'withdraw')).toMatchObject({
    withdrawn: [{ amount: tokens('40.25').toString(), owner: ada }],
    waiting: [],
  });
  expect(await balance(bob)).toBe(START);
  await refused('bob', 1, 'E_STAKE_NOTHING_TO_WITHDRAW', 'withdraw');
});

it('where a node runs with the wallet it is the node that sends, each transaction with a nonce of its own', async () => {
  const env = { ...process.env, HOME: folder, CHORUS_PASSWORD_FILE: join(folder, 'password') };
  node = startChorus(['start', '--home', homeOf('ada')], { env, cwd: folder });
  let log = '';
  for (const stream of [node.stdout, node.stderr]) {
    stream?.on('data', (data) => {
      log += data;
    });
  }
  await until(() => log.includes('"type":"ready"') || node?.exitCode !== null, 60_000);
  expect(log).toContain('"type":"ready"');
  const nonce = await provider.getTransactionCount(ada);
  const before = await balance(ada);
  const [first, second, paid] = await Promise.all([
    jsonApart('ada', 'deposit', '1'),
    jsonApart('ada', 'deposit', '2'),
    jsonApart('ada', 'withdraw'),
  ]);
  expect(new Set([first, second, paid.withdrawn[0]].map(({ transaction }) => transaction)).size).toBe(3);
  expect(paid.withdrawn).toMatchObject([{ amount: tokens('40.5').toString() }]);
  // An approval before each deposit.
  expect(await provider.getTransactionCount(ada)).toBe(nonce + 5);
  expect(await balance(ada)).toBe(before + tokens('37.5'));
  await refused('ada', 75, 'E_STAKE_LOCKED', 'unbond', 'all');
  expect(await json('ada', 'unbond', '3')).toMatchObject({ amount: tokens('3').toString() });
  node.kill('SIGTERM');
  await once(node, 'close');
  node = null;
});

it('stake of a task that has ended says who releases it; then all comes out, and nothing is left', async () => {
  await passTime(1_001);
  await requester.advance(taskId);
  expect((await requester.task(taskId)).status).toBe('ended');
  const said = await refused('ada', 75, 'E_STAKE_LOCKED', 'unbond', 'all');
  expect(said).toContain(`task ${taskId} has ended`);
  await adaChain.releaseStake(taskId, ada);
  expect(await json('ada', 'unbond', 'all')).toMatchObject({ amount: tokens('60').toString() });
  await refused('ada', 1, 'E_STAKE_NONE', 'unbond', 'all');
  await passTime(await requester.unbondSeconds());
  const { withdrawn } = await json('ada', 'withdraw');
  expect(withdrawn.map(({ amount }: { amount: string }) => BigInt(amount))).toEqual([
    tokens('3'),
    tokens('60'),
  ]);
  expect([await balance(ada), await balance(bob), await balance(deployment.stakes)]).toEqual([
    START,
    START,
    0n,
  ]);
  const { pool, tickets, shares } = await position();
  expect({ pool, tickets, shares }).toEqual({
    pool: { tokens: 0n, locked: 0n, shares: 0n, unbonding: 0n },
    tickets: [],
    shares: 0n,
  });
});
