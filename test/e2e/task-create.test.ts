import type { ChildProcess } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AdminClient, createAdminClient, readAdmin } from '@chorus/admin-api';
import { type Deployment, type Devnet, deployChorus, startDevnet, transferTokens } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import { CONFIG_FILE, WALLET_KEY_FILE } from '@chorus/node';
import type { Address } from '@chorus/protocol';
import { type NodeConfigInput, OWN_NETWORK } from '@chorus/service-training';
import { buildModel, epsilonOf, subset, syntheticDigits, writeShard } from '@chorus/training';
import { JsonRpcProvider } from 'ethers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Outcome, outcomeOf, startChorus } from '../../apps/cli/src/testing/chorus-process.ts';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';
import { patientSeconds } from '../patience.ts';

const TOKENS = 10n ** 18n;

let folder: string;
let devnet: Devnet;
let deployment: Deployment;
const started: ChildProcess[] = [];

const env = () => ({ ...process.env, CHORUS_DEVNET: join(folder, 'no-devnet') });

/** A command in a process of its own. */
function start(args: string[]): { child: ChildProcess; said: () => string; done: Promise<Outcome> } {
  const child = startChorus(args, { env: env() });
  started.push(child);
  let said = '';
  child.stdout!.on('data', (data) => {
    said += data;
  });
  return { child, said: () => said, done: outcomeOf(child) };
}

/** A command in this process. */
const run = (...args: string[]) => runChorus(args, { env: env() });

const PATIENT = { timeout: 120_000, interval: 100 };

const homeOf = (name: string) => join(folder, name);

/** A node's folder, and a process of `chorus start` on it. */
async function startNode(
  name: string,
  account: number,
  config: Partial<NodeConfigInput>,
): Promise<AdminClient> {
  const home = homeOf(name);
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(join(home, WALLET_KEY_FILE), devnet.privateKeys[account]!, { mode: 0o600 });
  const { dataDir: _, ...rest } = {
    dataDir: home,
    chain: { url: devnet.url, contract: deployment.taskManager },
    srsCache: homeOf('srs'),
    ...OWN_NETWORK,
    ...config,
    training: { ...OWN_NETWORK.training, ...config.training },
  };
  await writeFile(join(home, CONFIG_FILE), JSON.stringify(rest));
  start(['start', '--home', home]);
  const client = await vi.waitFor(async () => createAdminClient(await readAdmin(home)), PATIENT);
  await vi.waitFor(async () => expect((await client.ready()).status).toBe('ok'), PATIENT);
  return client;
}

let alice: AdminClient;
let victor: Address;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-create-e2e-'));
  devnet = await startDevnet({ accounts: 3 });
  deployment = await deployChorus({
    url: devnet.url,
    privateKey: devnet.privateKeys[0]!,
    verifier: developmentKey(),
  });
  const digits = syntheticDigits({ seed: 1, count: 120 });
  const half = (from: number) =>
    subset(
      digits,
      Uint32Array.from({ length: 60 }, (_, i) => from + i),
    );
  await writeShard(homeOf('train.shard'), half(0));
  await writeShard(homeOf('validate.shard'), half(60));
  await writeFile(homeOf('own.onnx'), buildModel('mlp', { inputShape: [784], classes: 10, seed: 5 }));
  alice = await startNode('alice', 1, { training: { roles: ['trainer'], data: homeOf('train.shard') } });
  const { identity, network } = await alice.status();
  const validator = await startNode('victor', 2, {
    training: { roles: ['validator', 'aggregator'], data: homeOf('validate.shard') },
    network: { bootstrap: network.addresses },
  });
  victor = (await validator.status()).identity.wallet as Address;
  await transferTokens({
    url: devnet.url,
    privateKey: devnet.privateKeys[0]!,
    token: deployment.token,
    recipients: [identity.wallet as Address, victor],
    amount: 200n * TOKENS,
  });
});

afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await devnet?.close();
  await rm(folder, { recursive: true, force: true });
});

const creation = (more: string[]) => {
  const base = ['task', 'create', '--home', homeOf('alice'), '--token', deployment.token];
  const task = ['--model', homeOf('own.onnx'), '--validators', victor, '--trainers', '1', '--rounds', '1'];
  const cheap = ['--local-epochs', '1', '--reference-epochs', '1', '--json'];
  return [...base, ...task, ...cheap, ...more];
};
const create = (...more: string[]) => run(...creation(more));
const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

describe('chorus task create next to a running node', () => {
  it('publishes by it a model of one’s own, which the node trains in the first round', async () => {
    const terms = ['--budget', '40.5', '--licence', 'MIT', '--privacy', '3:0.5'];
    const windows = ['--join-seconds', `${patientSeconds(120)}`, '--commit-seconds', `${patientSeconds(60)}`];
    const { child, said, done } = start(creation([...terms, ...windows]));
    const committed = vi.waitFor(() => {
      expect(said()).toContain('"type":"committed"');
    }, PATIENT);
    expect(await Promise.race([committed, done])).toBeUndefined();
    child.kill('SIGINT');
    const { code, stdout } = await done;
    expect(code).toBe(0);
    const { taskId, outcome } = lines(stdout).at(-1);
    expect(outcome).toBe('left');
    const task = await alice.task(taskId);
    expect(task).toMatchObject({ owner: true, roles: ['trainer'], budget: String(405n * 10n ** 17n) });
    expect(task.terms).toMatchObject({
      licence: 'MIT',
      name: expect.stringContaining('own.onnx'),
      privacy: { clip: 3_000, noiseMultiplier: 500 },
      batchSize: 256,
    });
    // The node goes on: the round comes to its end without the command.
    await vi.waitFor(async () => {
      expect((await alice.rounds({ task: taskId })).rounds).toHaveLength(1);
      expect((await alice.task(taskId)).status).toBe('ended');
    }, PATIENT);
    // There is nothing more to watch, and the end is said.
    const watch = (...more: string[]) => run('task', 'watch', taskId, '--home', homeOf('alice'), ...more);
    const [spoken, json] = await Promise.all([watch(), watch('--json')]);
    expect([spoken.code, json.code]).toEqual([0, 0]);
    expect(spoken.stdout).toContain(`task ${taskId} has ended after round 1 of 1`);
    expect(spoken.stdout).toContain(`chorus model get --home ${homeOf('alice')} --task ${taskId}`);
    expect(lines(json.stdout)).toMatchObject([{ taskId, outcome: 'ended', rounds: 1 }]);
    // One step over all 60 samples, with noise of half the clip.
    const [spent] = (await alice.status()).privacy.spent;
    expect(spent).toMatchObject({ data: homeOf('train.shard'), trainings: 1, plain: 0 });
    expect(spent!.epsilon).toBeCloseTo(
      epsilonOf([{ noiseMultiplier: 0.5, sampleRate: 1, steps: 1 }], 1e-5),
      9,
    );
    const why = await run('why', taskId, '1', '--json', '--home', homeOf('alice'));
    expect(why.code, why.stderr).toBe(0);
    expect(JSON.parse(why.stdout).privacy).toMatchObject({
      terms: { noiseMultiplier: 500 },
      epsilon: { samples: 1_000 },
      node: { spent: [spent] },
    });
  });

  it('is taken back with `task refund` where it did not pay: all of it, once, and not before its end', async () => {
    // Two trainers never come: there is one here.
    const waiting = ['--trainers', '2', '--join-seconds', `${patientSeconds(600)}`];
    const { code, stdout, stderr } = await create('--detach', '--budget', '12', ...waiting);
    expect(code, stderr).toBe(0);
    const { taskId } = lines(stdout).at(-1);
    const refund = (...more: string[]) => run('task', 'refund', taskId, '--home', homeOf('alice'), ...more);
    const early = await refund();
    expect(early).toMatchObject({ code: 1, stdout: '' });
    expect(early.stderr).toContain('E_TASK_NOT_ENDED');
    const other = await run('task', 'refund', taskId, '--cancel', '--home', homeOf('victor'));
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('E_TASK_NOT_OWNED');
    const cancelled = await refund('--cancel', '--json');
    expect(cancelled.code, cancelled.stderr).toBe(0);
    expect(JSON.parse(cancelled.stdout)).toMatchObject({
      amount: String(12n * TOKENS),
      token: deployment.token,
      transaction: expect.stringMatching(/^0x[0-9a-f]{64}$/),
    });
    const again = await refund();
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('E_CHAIN_NOTHING_TO_CLAIM');
    await vi.waitFor(async () => expect((await alice.task(taskId)).status).toBe('ended'), PATIENT);
  });

  it('publishes once under an id, and says so in one line where it does not stay', async () => {
    const twice = ['--id', 'nightly', '--detach', '--budget', '10'];
    const first = await create(...twice);
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: '' });
    const [only] = lines(first.stdout);
    expect(only).toMatchObject({ outcome: 'left', accuracy: null, model: null, rounds: null });
    expect(lines((await create(...twice)).stdout)).toEqual([only]);
    const other = await create(...twice, '--rounds', '2');
    expect([other.code, other.stderr]).toEqual([73, expect.stringContaining('E_PUBLICATION_OTHER')]);
  });

  it('escrows nothing for what is wrong, and says what', async () => {
    const before = (await alice.tasks()).tasks.length;
    const cases: [string[], number, string][] = [
      [['--budget', '1000'], 1, 'E_TASK_BUDGET'],
      [['--input-shape', '3x32x32', '--classes', '10'], 65, 'E_DATA_SHAPE'],
      [['--token', victor], 1, 'E_CHAIN_TOKEN'],
      [['--min-validators', '2'], 64, '--min-validators must be an integer from 1 to 1'],
      [['--licence', 'see below'], 64, 'SPDX'],
      [['--aggregator-fee', '40', '--validator-fee', '20'], 64, 'E_ADMIN_BAD_REQUEST'],
      [['--allow', '0x12'], 64, 'not an address'],
      [['--budget', '1.0000000000000000001'], 64, '--budget'],
    ];
    for (const [args, code, text] of cases) {
      const { stderr, ...rest } = await create('--detach', ...args);
      expect({ args, code: rest.code, stderr }).toEqual({
        args,
        code,
        stderr: expect.stringContaining(text),
      });
    }
    expect((await alice.tasks()).tasks).toHaveLength(before);
  });

  it('ends with an error if the node cannot follow the task, which is then ended, and its budget back', async () => {
    const provider = new JsonRpcProvider(devnet.url);
    const blocks = homeOf(join('alice', 'blocks', 'files'));
    const budget = 7n * TOKENS;
    /** A transaction of an earlier task may be sent first: the escrow waits until that is mined. */
    const escrowIsSent = async () => {
      const { transactions } = await provider.send('eth_getBlockByNumber', ['pending', true]);
      const word = budget.toString(16).padStart(64, '0');
      const isSent = transactions.some(({ input }: { input: string }) => input.includes(word));
      if (!isSent && transactions.length > 0) await provider.send('evm_mine', []);
      return isSent;
    };
    try {
      // Between the check, which reads the model, and the escrow, the node loses the folder of its files.
      await provider.send('evm_setAutomine', [false]);
      const done = create('--budget', '7', '--rounds', '3');
      await vi.waitFor(async () => expect(await escrowIsSent()).toBe(true), PATIENT);
      await rename(blocks, `${blocks}-elsewhere`);
      await provider.send('evm_mine', []);
      await provider.send('evm_setAutomine', [true]);
      const { code, stderr } = await done;
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('E_TASK_CANCELLED') });
      expect(stderr).toContain('the node cannot follow the task, and cancelled it before it began');
      expect(stderr).toContain('E_STORAGE_WRITE');
      expect(stderr).toContain(`refunded=${budget}`);
      const taskId = /taskId=(\d+)/.exec(stderr)![1]!;
      expect(await alice.task(taskId)).toMatchObject({ status: 'ended', remaining: '0', trainers: [] });
    } finally {
      await provider.send('evm_setAutomine', [true]);
      provider.destroy();
      await rename(`${blocks}-elsewhere`, blocks).catch(() => undefined);
    }
  });

  it('starts no node of its own with --detach', async () => {
    const idle = homeOf('idle');
    await mkdir(idle, { mode: 0o700 });
    await copyFile(join(homeOf('alice'), CONFIG_FILE), join(idle, CONFIG_FILE));
    const { code, stderr } = await create('--home', idle, '--detach');
    expect([code, stderr]).toEqual([69, expect.stringContaining('E_ADMIN_NOT_RUNNING')]);
  });
});
