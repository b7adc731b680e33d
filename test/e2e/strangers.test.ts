import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AdminClient, createAdminClient, readAdmin } from '@chorus/admin-api';
import { type Deployment, type Devnet, deployChorus, startDevnet, transferTokens } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import { WALLET_KEY_FILE } from '@chorus/node';
import type { Address } from '@chorus/protocol';
import {
  OWN_NETWORK,
  parseConfig,
  publishTask,
  startNode,
  type TaskRequest,
  type TrainingNode,
} from '@chorus/service-training';
import { writeShard } from '@chorus/training';
import { JsonRpcProvider, parseEther, toBeHex } from 'ethers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startChorus } from '../../apps/cli/src/testing/chorus-process.ts';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';
import { smallTask, type TwinNetwork } from './twins.ts';

/** What the victim's wallet holds of the network's token: the default limit of a stake before there was consent. */
const WEALTH = 1_000n * 10n ** 18n;
const TASKS = 12;

let folder: string;
let devnet: Devnet;
let deployment: Deployment;
/** A token of the attacker's own making. */
let worthless: Address;
let attacker: TrainingNode;
let victim: ChildProcess | null = null;
let provider: JsonRpcProvider;

const home = () => join(folder, 'victim');
const until = <T>(attempt: () => Promise<T>) => vi.waitFor(attempt, { timeout: 240_000, interval: 200 });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-strangers-'));
  devnet = await startDevnet({ accounts: 3 });
  provider = new JsonRpcProvider(devnet.url, undefined, { cacheTimeout: -1 });
  const [privateKey] = devnet.privateKeys;
  const made = { url: devnet.url, privateKey: privateKey!, verifier: developmentKey() };
  deployment = await deployChorus({ ...made, file: join(folder, 'deployment.json') });
  worthless = (await deployChorus({ ...made, salt: `0x${'5a'.repeat(32)}` })).token;
  const dataDir = join(folder, 'attacker');
  await mkdir(dataDir, { mode: 0o700 });
  await writeFile(join(dataDir, WALLET_KEY_FILE), privateKey!, { mode: 0o600 });
  const chain = { url: devnet.url, contract: deployment.taskManager };
  const config = { dataDir, roles: [], chain, admin: { enabled: false }, ...OWN_NETWORK };
  attacker = await startNode(parseConfig(config, 'attacker'), () => {});
});
afterAll(async () => {
  victim?.kill('SIGKILL');
  provider?.destroy();
  await attacker?.close();
  await devnet?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A node as `chorus init` makes it, with a full wallet, running. */
async function startVictim(shard: string): Promise<{ client: AdminClient; wallet: Address }> {
  await writeFile(join(folder, 'password'), 'correct horse battery\n', { mode: 0o600 });
  const env = { ...process.env, CHORUS_HOME: home(), CHORUS_PASSWORD_FILE: join(folder, 'password') };
  const [bootstrap] = attacker.ports.network.multiaddrs();
  const flags = [
    ...['--rpc', devnet.url, '--deployment', join(folder, 'deployment.json')],
    ...['--bootstrap', bootstrap!, '--listen', '/ip4/127.0.0.1/tcp/0'],
    ...['--roles', 'trainer', '--data', shard, '--json'],
  ];
  const { code, stdout, stderr } = await runChorus(['init', ...flags], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { identity } = JSON.parse(stdout);
  const wallet: Address = identity.address;
  await provider.send('anvil_setBalance', [wallet, toBeHex(parseEther('10'))]);
  const gift = { url: devnet.url, privateKey: devnet.privateKeys[0]!, recipients: [wallet], amount: WEALTH };
  for (const token of [deployment.token, worthless]) await transferTokens({ ...gift, token });
  victim = startChorus(['start'], { env });
  victim.stdout?.resume();
  victim.stderr?.resume();
  const client = await until(async () => createAdminClient(await readAdmin(home())));
  await until(async () => expect((await client.status()).network.peers).toBeGreaterThan(0));
  return { client, wallet };
}

describe('a node that was made by plain `chorus init`, next to a stranger', { timeout: 900_000 }, () => {
  it('joins none of his tasks, spends no gas, keeps its stake, and says why', async () => {
    const { request, shards } = await smallTask({ ledger: { token: deployment.token } } as TwinNetwork, 1);
    const shard = join(folder, 'digits.shard');
    await writeShard(shard, shards[0]!);
    const { client, wallet } = await startVictim(shard);
    const before = await provider.getBalance(wallet);

    const published: { taskId: bigint; announce: () => Promise<void> }[] = [];
    for (let i = 0; i < TASKS; i++) {
      const trap: TaskRequest = {
        ...request,
        terms: { ...request.terms, name: `trap ${i}`, localEpochs: 1_000 },
        params: {
          ...request.params,
          // Half of them in a token that is worth nothing; all of them for all that the wallet holds.
          token: i % 2 === 0 ? worthless : deployment.token,
          stake: WEALTH,
          rounds: 100,
          joinSeconds: 600,
          commitSeconds: 5,
          referenceSeconds: 5,
          settleSeconds: 5,
          validators: [attacker.ports.chain.account],
          slashReporterBps: 1_000,
          slashBurnBps: 5_000,
        },
      };
      published.push(await publishTask(attacker.ports, trap, request.terms.dimension!));
    }
    const refused = await until(async () => {
      for (const { announce } of published) await announce();
      const status = await client.status();
      expect(status.refused.length).toBe(TASKS);
      return status.refused;
    });

    expect(refused.map(({ code }) => code).sort()).toEqual([
      ...Array(TASKS / 2).fill('E_LIMIT_TOKEN'),
      ...Array(TASKS / 2).fill('E_TASK_STAKE'),
    ]);
    for (const each of refused)
      expect(JSON.stringify(each)).toMatch(/raise training\.maxStake|training\.stake\.perToken/);
    for (const { taskId } of published) expect(await attacker.ports.chain.members(taskId)).toEqual([]);
    expect(await provider.getTransactionCount(wallet)).toBe(0);
    expect(await provider.getBalance(wallet)).toBe(before);
    for (const token of [deployment.token, worthless]) {
      expect(await attacker.ports.chain.balance(token, wallet)).toBe(WEALTH);
    }
    expect(victim?.exitCode).toBe(null);
    const { tasks, limits } = await client.status();
    expect(tasks).toEqual([]);
    expect(limits).toMatchObject({ stakePerTask: '0', onlyListedTokens: true, minValidators: 3 });
  });
});
