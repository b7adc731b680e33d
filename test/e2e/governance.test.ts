import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChorusChain,
  callsToSet,
  connectChain,
  type Deployment,
  type Devnet,
  deployChorus,
  parseUnits,
  ruleId,
  startDevnet,
  transferTokens,
} from '@chorus/chain';
import { CONFIG_FILE, WALLET_KEY_FILE } from '@chorus/node';
import { type Address, OPEN_TO_ALL } from '@chorus/protocol';
import { OWN_NETWORK } from '@chorus/service-training';
import { JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';
import { deployAcceptingVerifiers } from '../twins/verifiers.ts';

const tokens = (text: string) => parseUnits(text, 18);
const [DELAY, PERIOD, TIMELOCK] = [100, 1000, 500];

let folder: string;
let devnet: Devnet;
let provider: JsonRpcProvider;
let deployment: Deployment;
/** Holds most of the tokens, and creates a task. */
let deployer: ChorusChain;
let ada: Address;
let bob: Address;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-governance-'));
  devnet = await startDevnet({ accounts: 3 });
  const { url } = devnet;
  const [key, adaKey, bobKey] = devnet.privateKeys as [`0x${string}`, `0x${string}`, `0x${string}`];
  const verifier = await deployAcceptingVerifiers(url, key);
  const governance = { votingDelay: DELAY, votingPeriod: PERIOD, timelock: TIMELOCK };
  deployment = await deployChorus({ url, privateKey: key, verifier, governance });
  provider = new JsonRpcProvider(url, undefined, { batchMaxCount: 1, cacheTimeout: -1 });
  const contract = deployment.taskManager;
  deployer = await connectChain({ url, contract, privateKey: key });
  [ada, bob] = [adaKey, bobKey].map((each) => new Wallet(each).address.toLowerCase()) as [Address, Address];
  const { token } = deployment;
  await transferTokens({ url, privateKey: key, token, recipients: [ada], amount: tokens('50000000') });
  await transferTokens({ url, privateKey: key, token, recipients: [bob], amount: tokens('1000') });
  for (const [name, privateKey] of [
    ['ada', adaKey],
    ['bob', bobKey],
  ] as const) {
    const home = join(folder, name);
    await mkdir(home, { recursive: true, mode: 0o700 });
    const config = {
      roles: ['aggregator'],
      chain: { url, contract, chainId: devnet.chainId },
      network: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      srsCache: join(folder, 'srs'),
      ...OWN_NETWORK,
    };
    await writeFile(join(home, CONFIG_FILE), JSON.stringify(config));
    await writeFile(join(home, WALLET_KEY_FILE), privateKey, { mode: 0o600 });
  }
});
afterAll(async () => {
  await deployer?.close();
  provider?.destroy();
  await devnet?.close();
  await rm(folder, { recursive: true, force: true });
});

const governance = (name: string, ...args: string[]) =>
  runChorus(['governance', ...args], {
    env: { ...process.env, HOME: folder, CHORUS_HOME: join(folder, name) },
    cwd: folder,
  });

/** What a command says; it succeeds. */
async function said(name: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await governance(name, ...args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

const json = async (name: string, ...args: string[]) => JSON.parse(await said(name, ...args, '--json'));

/** What a refused command says; nothing was sent. */
async function refused(name: string, error: string, ...args: string[]): Promise<string> {
  const account = name === 'ada' ? ada : bob;
  const before = await provider.getTransactionCount(account);
  const { code, stderr } = await governance(name, ...args);
  expect(code, args.join(' ')).not.toBe(0);
  expect(stderr).toContain(error);
  expect(await provider.getTransactionCount(account)).toBe(before);
  return stderr;
}

async function passTime(seconds: number): Promise<void> {
  await provider.send('evm_increaseTime', [seconds]);
  await provider.send('evm_mine', []);
}

const parameter = async (name: string) => (await json('ada', 'parameters', name)).parameters[0];

it('governance parameters are shown with their bounds and effect before anyone has voted', async () => {
  const { parameters } = await json('ada', 'parameters');
  expect(parameters).toHaveLength(19);
  expect(await parameter('protocol-fee')).toMatchObject({
    value: '100',
    least: '0',
    most: '500',
    changed: { proposal: null },
  });
  const text = await said('ada', 'parameters', 'unbonding-period');
  expect(text).toContain('unbonding-period  2 h  unbonding period');
  expect(text).toContain('2 s to 30 days; 2 h in a new network; set 20');
  expect(await said('ada', 'list')).toContain('Nothing has been proposed yet');
});

it('a proposal is refused before it is sent if its proposer has no votes, or a value is out of its bounds', async () => {
  const title = ['--title', 'A higher fee'];
  const early = await refused('ada', 'E_GOVERNANCE_THRESHOLD', 'propose', 'protocol-fee=2%', ...title);
  expect(early).toContain('chorus governance delegate --self');
  expect(await said('ada', 'delegate')).toContain('none: its tokens do not count');
  expect(await said('ada', 'delegate', '--self')).toContain(
    'this wallet votes with 50000000 CHOR from now on',
  );
  expect(await said('ada', 'delegate', '--self')).toContain('already: nothing was sent');
  await refused('bob', 'E_GOVERNANCE_THRESHOLD', 'propose', 'protocol-fee=2%', ...title);
  await refused('ada', 'E_GOVERNANCE_BOUNDS', 'propose', 'protocol-fee=5.01%', ...title);
  await refused('ada', 'E_GOVERNANCE_BOUNDS', 'propose', 'contest-window=2h', ...title);
  await refused('ada', 'E_GOVERNANCE_EMPTY', 'propose', 'protocol-fee=1%', ...title);
  await refused('ada', 'E_GOVERNANCE_EMPTY', 'propose', ...title);
  await refused('ada', 'E_USAGE', 'propose', 'protocol-fee=200', ...title);
  await refused('ada', 'E_USAGE', 'propose', 'fee=2%', ...title);
  const dry = await said('ada', 'propose', 'protocol-fee=2%', ...title, '--dry-run');
  expect(dry).toContain('nothing was sent');
  expect(dry).toContain('protocol-fee  1 % -> 2 %');
});

it('a parameter is changed by commands: delegate, propose, vote, queue, execute', async () => {
  const made = await said(
    'ada',
    ...['propose', 'protocol-fee=2.5%', 'contest-window=30min', 'minimum-stake=10'],
    ...['--title', 'A higher fee', '--description', 'It pays\nfor audits'],
  );
  expect(made).toMatch(/^Proposal 1 \(0x[0-9a-f]{8}\) is made, in 0x[0-9a-f]{64}:/);
  expect(made).toContain('unbonding-period stays 2 h');
  expect(made).toContain('4 % of the supply');
  const early = await refused('ada', 'E_GOVERNANCE_STATE', 'vote', '1', 'for');
  expect(early).toContain('its vote begins at');
  await passTime(DELAY + 1);
  const late = await refused('bob', 'E_GOVERNANCE_NO_VOTES', 'vote', '1', 'against');
  expect(late).toContain('its tokens were not delegated');
  const { short, id } = await json('ada', 'show', '1');
  expect(await said('ada', 'vote', short, 'for', '--dry-run')).toContain('would vote for; nothing was sent');
  const voted = await said('ada', 'vote', short, 'for', '--reason', 'worth it');
  // What it does comes before what was done.
  expect(voted.indexOf('protocol-fee  1 % -> 2.5 %')).toBeLessThan(voted.indexOf('voted for, in 0x'));
  expect(voted).toContain('the quorum of 40,000,000 CHOR is reached');
  await refused('ada', 'E_GOVERNANCE_VOTED', 'vote', id, 'against');
  await refused('ada', 'E_GOVERNANCE_STATE', 'queue', '1');
  await passTime(PERIOD + 1);
  expect(await said('bob', 'show', '1')).toContain(
    'It has passed. Start its delay: chorus governance queue 1',
  );
  expect(await said('bob', 'queue', '1')).toContain('is queued, in 0x');
  expect(await said('ada', 'queue', '1')).toContain('was queued before: nothing was left to do');
  await refused('bob', 'E_GOVERNANCE_STATE', 'execute', '1');
  await passTime(TIMELOCK + 1);
  expect(await said('bob', 'execute', '1')).toContain('is carried out, in 0x');
  expect(await said('ada', 'execute', '1')).toContain('was carried out before: nothing was left to do');

  expect(await parameter('protocol-fee')).toMatchObject({ value: '250', changed: { proposal: id } });
  expect(await parameter('minimum-stake')).toMatchObject({ value: tokens('10').toString() });
  const shown = await said('ada', 'show', '1');
  // The values of then, not of now.
  expect(shown).toContain('protocol-fee  1 % -> 2.5 %');
  expect(shown).toContain('worth it');
  expect(shown).toContain('| for audits');
  expect(await json('ada', 'list')).toMatchObject({
    total: 1,
    proposals: [{ number: 1, state: 'executed' }],
  });
  expect((await deployer.task(await aTask())).protocolFeeBps).toBe(250);
});

/** A task that is created now. */
async function aTask(): Promise<bigint> {
  const { taskId } = await deployer.createTask({
    ...OPEN_TO_ALL,
    token: deployment.token,
    budget: tokens('1'),
    rounds: 1,
    minTrainers: 1,
    maxTrainers: 1,
    minAggregators: 1,
    stake: tokens('10'),
    minValidators: 1,
    rule: ruleId('reference-trust'),
    aggregatorFeeBps: 0,
    validatorFeeBps: 0,
    joinSeconds: 100,
    commitSeconds: 100,
    referenceSeconds: 100,
    settleSeconds: 100,
    dimension: 4,
    termsDigest: `0x${'00'.repeat(32)}`,
    validators: [ada],
  });
  return taskId;
}

it('what was proposed before is not proposed again in the same words, and the zero address gets no votes', async () => {
  const again = ['--title', 'A lower fee', '--description', 'Again'];
  await said('ada', 'propose', 'protocol-fee=2%', ...again);
  const twice = await refused('ada', 'E_GOVERNANCE_STATE', 'propose', 'protocol-fee=2%', ...again);
  expect(twice).toContain('was made before');
  await refused('ada', 'E_GOVERNANCE_EMPTY', 'delegate', `0x${'00'.repeat(20)}`);
  const named = await said(
    'ada',
    'propose',
    '--name',
    `Chain=${deployment.stakes}`,
    '--title',
    'A name',
    '--dry-run',
  );
  expect(named).toMatch(/parameters\.addContract\(name: 0x[0-9a-f]{64}, target: 0x[0-9a-f]{40}\)/);
});

it('a proposal with more calls than are kept is never taken for what is shown of it', async () => {
  const harmless = callsToSet(
    [{ name: 'protocol-fee', token: null, value: 200n }],
    await deployer.parameterValues(),
    (await deployer.governance()).contracts,
  );
  await deployer.delegateVotes(deployer.account);
  await passTime(1);
  await deployer.propose(
    Array.from({ length: 33 }, () => harmless[0]!),
    '# Thirty-three times',
  );
  const shown = await said('ada', 'show', '3');
  expect(shown).toContain('UNKNOWN CALL');
  expect(shown).toContain('and more: its calls are too many or too long');
  expect(await json('ada', 'show', '3')).toMatchObject({ complete: false, unclear: true });
});

it('a call that cannot be put in words is shown as UNKNOWN, and no vote for it is sent unawares', async () => {
  const harmless = ['--title', 'protocol-fee  2.5 % -> 1 %', '--description', 'A lower fee, nothing else'];
  await said('ada', 'propose', '--call', bob, '--data', '0xa9059cbb', ...harmless);
  await passTime(DELAY + 1);
  const shown = await said('ada', 'show', '4');
  expect(shown).toContain(
    `UNKNOWN CALL of ${bob} (no contract of this network), function 0xa9059cbb, 4 bytes`,
  );
  expect(await said('ada', 'list')).toContain('UNKNOWN CALLS');
  await refused('ada', 'E_GOVERNANCE_UNCLEAR', 'vote', '4', 'for');
  expect(await said('ada', 'vote', '4', 'for', '--anyway', '--dry-run')).toContain('UNKNOWN CALL');
});

it('words of a proposal have no effect on the terminal, and bytes that are no text do not hide it', async () => {
  const calls = [{ target: deployment.parameters, value: 0n, data: '0x' as const }];
  const lines = `${'word '.repeat(60)}\n${'\n'.repeat(200)}${'x'.repeat(20_000)}`;
  await deployer.propose(calls, `# \u001b[31mred\u202e\n\u001b[2Jgone\n${lines}`);
  const shown = await said('ada', 'show', '5');
  for (const steering of ['\u001b[31m', '\u001b[2J', '\u202e']) expect(shown).not.toContain(steering);
  expect(shown.length).toBeLessThan(8000);
  // Every line of it is marked, also those that a long one is wrapped into; and they do not push the rest out of view.
  expect(shown.match(/^ {2}\| /gm)).toHaveLength(40);
  expect(shown).not.toMatch(/^\s*word/m);
  expect(shown).toContain('UNKNOWN CALL');
  const governor = await provider.getSigner(deployer.account);
  const { data, ...rest } = await proposalWith('0xff00fe');
  await (await governor.sendTransaction({ ...rest, data })).wait();
  expect(await json('ada', 'list')).toMatchObject({ total: 6 });
  expect(await json('ada', 'show', '6')).toMatchObject({ state: 'pending' });
});

/** A proposal that does nothing, whose description are these bytes. */
async function proposalWith(description: string): Promise<{ to: string; data: string }> {
  const { AbiCoder, id } = await import('ethers');
  const types = ['address[]', 'uint256[]', 'bytes[]', 'bytes'];
  const args = AbiCoder.defaultAbiCoder().encode(types, [[bob], [0], ['0x'], description]);
  const selector = id('propose(address[],uint256[],bytes[],string)').slice(0, 10);
  return { to: deployment.governor, data: `${selector}${args.slice(2)}` };
}

it('a proposal that a reorganisation undid is unknown, whatever was read of it before', async () => {
  const snapshot = await provider.send('evm_snapshot', []);
  const { id } = await json('ada', 'propose', 'protocol-fee=3%', '--title', 'Undone');
  const seen = await deployer.proposals();
  expect(seen.at(-1)!.id).toBe(BigInt(id));
  await provider.send('evm_revert', [snapshot]);
  await passTime(1);
  expect((await deployer.proposals()).map((each) => each.id)).not.toContain(BigInt(id));
  await refused('ada', 'E_GOVERNANCE_UNKNOWN', 'vote', id, 'for');
});

it('an id that no proposal of this governor has is unknown, and a beginning that several share is refused', async () => {
  await refused('ada', 'E_GOVERNANCE_UNKNOWN', 'show', '12345678901234567890');
  await refused('ada', 'E_GOVERNANCE_UNKNOWN', 'show', '99');
  await refused('ada', 'E_USAGE', 'show', '0xzz');
});
