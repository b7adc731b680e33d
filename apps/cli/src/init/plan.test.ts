import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configValues, type InitAnswers, type NetworkPlan, planNetwork, stakePlan } from './plan.ts';

const CONTRACT = `0x${'12'.repeat(20)}`;
const TOKEN = `0x${'34'.repeat(20)}`;
const OTHER = `0x${'56'.repeat(20)}`;
const PEER = '/ip4/192.0.2.1/tcp/4011/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf';

const answers = (change: Partial<InitAnswers> = {}): InitAnswers => ({
  network: 'custom',
  rpc: 'https://chain.example/v1/a-secret-key',
  contract: CONTRACT,
  bootstrap: [],
  roles: ['trainer'],
  listen: [],
  ...change,
});

const network = (change: Partial<NetworkPlan> = {}): NetworkPlan => ({
  rpc: 'https://chain.example',
  contract: CONTRACT,
  chainId: 1,
  token: TOKEN,
  startBlock: 7,
  bootstrap: [],
  devnet: null,
  deployment: null,
  ...change,
});
const devnet = {} as NonNullable<NetworkPlan['devnet']>;

let folder: string;
let deployment: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-plan-'));
  deployment = join(folder, 'deployment.json');
  await writeFile(
    deployment,
    JSON.stringify({
      chainId: 5,
      taskManager: CONTRACT.toUpperCase().replace('0X', '0x'),
      token: TOKEN,
      startBlock: 90,
      rpc: 'https://of-the-operator.example',
      bootstrap: [PEER],
    }),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the stake of a new node', () => {
  it('is nothing on a network of strangers unless its owner says an amount', () => {
    expect(stakePlan(answers(), network())).toBeNull();
    expect(stakePlan(answers({ stake: { tokens: '0' } }), network())).toBeNull();
    expect(stakePlan(answers({ stake: { tokens: '12.5' } }), network())).toEqual({
      tokens: '12.5',
      token: TOKEN,
      owners: null,
      days: 90,
    });
  });

  it('is some of the worthless token on a devnet', () => {
    expect(stakePlan(answers(), network({ devnet }))).toMatchObject({ tokens: '100', token: TOKEN });
  });

  it('needs a named token if the deployment names none', () => {
    const nameless = network({ token: null });
    expect(stakePlan(answers(), nameless)).toBeNull();
    expect(() => stakePlan(answers({ stake: { tokens: '1' } }), nameless)).toThrow('--stake-token');
    expect(stakePlan(answers({ stake: { tokens: '1', token: OTHER } }), nameless)).toMatchObject({
      token: OTHER,
    });
  });
});

describe('the plan of a network', () => {
  it('takes from the deployment file what the options leave out', async () => {
    const { rpc: _, contract: __, ...bare } = answers();
    expect(await planNetwork({ ...bare, deployment })).toMatchObject({
      rpc: 'https://of-the-operator.example',
      contract: CONTRACT,
      chainId: 5,
      token: TOKEN,
      startBlock: 90,
      bootstrap: [PEER],
      devnet: null,
    });
  });

  it('takes the options rather than the deployment file', async () => {
    const mine = PEER.replace('192.0.2.1', '192.0.2.9');
    const plan = await planNetwork(
      answers({ deployment, rpc: 'http://127.0.0.1:8545', contract: OTHER, bootstrap: [mine] }),
    );
    expect(plan).toMatchObject({
      rpc: 'http://127.0.0.1:8545',
      contract: OTHER,
      bootstrap: [mine],
      chainId: 5,
    });
  });

  it.each([
    ['no endpoint', { rpc: undefined }, '--rpc'],
    ['an endpoint that is no URL', { rpc: 'chain.example' }, '--rpc'],
    ['an endpoint of another protocol', { rpc: 'wss://chain.example' }, '--rpc'],
    ['no contract', { contract: undefined }, '--contract'],
    ['a contract that is no address', { contract: '0x1234' }, '--contract'],
    ['a first peer without its id', { bootstrap: ['/ip4/192.0.2.1/tcp/4011'] }, '--bootstrap'],
    ['an address that cannot be listened on', { listen: ['4011'] }, '--listen'],
  ])('is refused with %s, and the message names the option', async (_, change, option) => {
    const given = { ...answers(), ...change } as InitAnswers;
    await expect(planNetwork(given)).rejects.toMatchObject({
      code: 'E_USAGE',
      message: expect.stringContaining(option),
    });
  });
});

describe('the configuration of a new node', () => {
  it('listens for the internet and finds peers there, on a network of strangers', () => {
    expect(configValues(answers(), network())).toMatchObject({
      'network.listen': ['/ip4/0.0.0.0/tcp/4011', '/ip4/0.0.0.0/udp/4011/quic-v1'],
      'network.dht': 'auto',
      'network.maxConnectionsPerHost': 32,
      'chain.chainId': 1,
      'chain.deployedAt': 7,
    });
  });

  it('stays on this machine on a devnet, whose one validator and gas are its own', () => {
    const values = configValues(answers(), network({ devnet }));
    expect(values).toMatchObject({
      'network.listen': ['/ip4/127.0.0.1/tcp/0'],
      'training.tasks.minValidators': 1,
      'limits.gas.perDay': '100',
    });
    expect(values).not.toHaveProperty(['network.dht']);
  });

  it('writes out what may be staked: nothing, of the own token alone', () => {
    expect(configValues(answers(), network())).toMatchObject({
      'training.maxStake': '0',
      'training.stake.onlyListed': true,
      'training.stake.perToken': { [TOKEN]: { seconds: 90 * 86_400 } },
      'agents.tokens': [TOKEN],
    });
  });

  it('lists the token, the days and the owners that its owner named', () => {
    const stake = { tokens: '5', token: OTHER, owners: [CONTRACT], days: 3 };
    expect(configValues(answers({ stake }), network())).toMatchObject({
      'training.maxStake': '5',
      'training.stake.perToken': { [OTHER]: { seconds: 3 * 86_400 } },
      'training.stake.owners': [CONTRACT],
    });
  });

  it('leaves out what nothing is known of, and takes an address to listen on as given', () => {
    const listen = ['/ip4/127.0.0.1/tcp/5000'];
    const values = configValues(answers({ listen }), network({ token: null, chainId: null, startBlock: 0 }));
    expect(values).toMatchObject({ 'network.listen': listen });
    for (const key of ['chain.chainId', 'chain.deployedAt', 'training.stake.perToken', 'agents.tokens']) {
      expect(values).not.toHaveProperty([key]);
    }
  });
});
