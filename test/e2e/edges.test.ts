import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AdminClient, createAdminClient, readAdmin, type Status } from '@chorus/admin-api';
import { type Deployment, type Devnet, deployChorus, startDevnet } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import { CONFIG_FILE, loadConfig, WALLET_KEY_FILE } from '@chorus/node';
import { OWN_NETWORK, TRAINING_NODE } from '@chorus/service-training';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { diagnoseChain } from '../../apps/cli/src/doctor/chain-checks.ts';
import { outcomeOf, startChorus } from '../../apps/cli/src/testing/chorus-process.ts';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';
import { patience, until } from '../patience.ts';
import { FaultyRpc, RETRY_AFTER, type RpcFault } from '../twins/faulty-rpc.ts';

const PASSWORD = 'hunter2pw';
const KEY = '0123456789abcdef0123456789abcdef';
const QUERY = 'SECRETKEY12345';
const SECRETS = [PASSWORD, KEY, QUERY, Buffer.from(`me:${PASSWORD}`).toString('base64')];

let folder: string;
let home: string;
let devnet: Devnet;
let deployment: Deployment;
let rpc: FaultyRpc;
let port: number;
/** Another, that nothing but doctor asks. */
let other: FaultyRpc;
let otherPort: number;
let node: ChildProcess;
/** Everything that came out of the node and was asked of it. */
let said = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-edges-'));
  home = join(folder, 'home of a node');
  devnet = await startDevnet({ accounts: 2 });
  deployment = await deployChorus({
    url: devnet.url,
    privateKey: devnet.privateKeys[0]!,
    verifier: developmentKey(),
  });
  rpc = new FaultyRpc(devnet.url);
  port = await rpc.listen();
  other = new FaultyRpc(devnet.url);
  otherPort = await other.listen();
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(join(home, WALLET_KEY_FILE), devnet.privateKeys[1]!, { mode: 0o600 });
  const url = `http://me:${PASSWORD}@127.0.0.1:${port}/v3/${KEY}?dkey=${QUERY}`;
  const config = {
    roles: ['aggregator'],
    chain: { url, contract: deployment.taskManager, pollMilliseconds: 1_000, requestsPerMinute: 100_000 },
    network: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    srsCache: join(folder, 'srs'),
    ...OWN_NETWORK,
  };
  await writeFile(join(home, CONFIG_FILE), JSON.stringify(config));
});
afterAll(async () => {
  if (node && node.exitCode === null && node.signalCode === null) {
    node.kill('SIGKILL');
    await once(node, 'close');
  }
  await rpc?.close();
  await other?.close();
  await devnet?.close();
  await rm(folder, { recursive: true, force: true });
});

const env = () => ({ ...process.env, HOME: folder, CHORUS_HOME: '', CHORUS_THREADS: '' });

/** The lines of the node's log that are of these events. */
const told = (type: string, code?: string) =>
  said
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { event?: { type: string; code?: string }; msg: string })
    .filter(({ event }) => event?.type === type && (code === undefined || event.code === code));

async function client(): Promise<AdminClient> {
  return createAdminClient(await readAdmin(home));
}

/** Ask for the status until it is so; each answer counts as something the node said. */
async function statusUntil(holds: (status: Status) => boolean): Promise<Status> {
  const deadline = Date.now() + patience(60_000);
  for (;;) {
    const status = await (await client()).status();
    said += `\nstatus ${JSON.stringify(status)}\n`;
    if (holds(status) || Date.now() > deadline) return status;
    await sleep(500);
  }
}

const chainWarnings = ({ warnings }: Status) => warnings.filter(({ code }) => code.startsWith('E_CHAIN_'));

it('a node that starts before its chain waits for it, says so once, and is ready when it comes', async () => {
  rpc.fault = '502';
  node = startChorus(['start', '--home', home], { env: env(), cwd: folder });
  node.stdout?.on('data', (data) => {
    said += data;
  });
  node.stderr?.on('data', (data) => {
    said += data;
  });
  await until(() => told('condition-began').length > 0);
  expect(told('condition-began')).toEqual([
    expect.objectContaining({
      event: expect.objectContaining({ code: 'E_CHAIN_UNREACHABLE', hint: expect.stringContaining('waits') }),
      msg: expect.stringContaining('the endpoint is failing'),
    }),
  ]);
  const waiting = await runChorus(['status', '--home', home, '--json'], { env: env(), cwd: folder });
  said += waiting.stdout + waiting.stderr;
  expect(waiting).toMatchObject({ code: 75, stderr: expect.stringContaining('the endpoint is failing') });
  expect(node.exitCode).toBeNull();
  rpc.fault = 'pass';
  await until(() => told('ready').length > 0, 60_000);
  expect(told('ready')).toHaveLength(1);
  expect(told('condition-ended')).toHaveLength(1);
});

it.each<[RpcFault, string, RegExp]>([
  ['401', 'E_CHAIN_UNREACHABLE', /refuses the access key/],
  ['html', 'E_CHAIN_UNREACHABLE', /not a JSON-RPC service/],
  ['429', 'E_CHAIN_LIMITED', /too many requests/],
])(
  'an endpoint that answers with %s is reported when it begins and when it ends',
  async (fault, code, words) => {
    const before = {
      began: told('condition-began', code).length,
      ended: told('condition-ended', code).length,
    };
    rpc.times = [];
    rpc.fault = fault;
    const away = await statusUntil((status) =>
      chainWarnings(status).some((warning) => warning.code === code && words.test(warning.message)),
    );
    expect(chainWarnings(away)).toEqual([
      expect.objectContaining({ code, message: expect.stringMatching(words) }),
    ]);
    if (fault === '429') {
      await sleep(3_000 * RETRY_AFTER);
      // The first refusal meets requests that are under way.
      const [first = 0] = rpc.times;
      const later = rpc.times.filter((at) => at > first + 1_000);
      expect(later.length).toBeLessThanOrEqual(1 + (Date.now() - first) / (1_000 * RETRY_AFTER));
    }
    rpc.fault = 'pass';
    const back = await statusUntil(
      ({ chain }) => chain.reachable && told('condition-ended', code).length > before.ended,
    );
    expect(back.chain).toMatchObject({ reachable: true, requests: { limit: 100_000, pausedUntil: null } });
    expect(told('condition-began', code).length).toBeGreaterThan(before.began);
    expect(told('condition-began', code).length).toBe(told('condition-ended', code).length);
  },
);

it.each<[RpcFault, RegExp]>([
  ['401', /refuses the access key/],
  ['404', /nothing at this path/],
  ['429', /too many requests/],
  ['502', /is failing/],
  ['html', /not a JSON-RPC service/],
  ['hang', /no answer in time/],
  ['reset', /the connection was cut/],
  ['limited', /too many requests/],
])('doctor says of an endpoint that answers with %s what is wrong and what to do', async (fault, words) => {
  other.fault = fault;
  const { config } = await loadConfig(TRAINING_NODE, join(home, CONFIG_FILE));
  const url = config.chain.url.replace(`:${port}/`, `:${otherPort}/`);
  const findings = await diagnoseChain({ ...config, chain: { ...config.chain, url } }, null, home);
  said += `\ndoctor ${JSON.stringify(findings)}\n`;
  expect(findings[0]).toMatchObject({
    what: 'chain',
    state: 'problem',
    found: expect.stringMatching(words),
    todo: expect.any(String),
  });
});

it('a terminal that is closed ends the node as Ctrl-C does', async () => {
  const closed = once(node, 'close');
  node.kill('SIGHUP');
  expect(await closed).toEqual([0, null]);
  expect(said).toContain('Stopped.');
  await expect(readAdmin(home)).rejects.toMatchObject({ code: 'E_ADMIN_NOT_RUNNING' });
});

it('a node whose endpoint hangs ends when it is stopped, its work handed back', async () => {
  node = startChorus(['start', '--home', home], { env: env(), cwd: folder });
  let own = '';
  const hear = (data: unknown) => {
    own += data;
    said += data;
  };
  node.stdout?.on('data', hear);
  node.stderr?.on('data', hear);
  await until(() => own.includes('"type":"ready"'));
  rpc.fault = 'hang';
  rpc.times = [];
  await until(() => rpc.times.length > 0);
  const closed = once(node, 'close');
  const { code, stdout } = await outcomeOf(
    startChorus(['stop', '--home', home], { env: env(), cwd: folder }),
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('stopped') });
  // Not by the end of its patience, which would be a signal.
  expect(await closed).toEqual([0, null]);
  expect(own).toContain('Stopped.');
  expect(own).not.toContain('Not done within');
  rpc.fault = 'pass';
});

it('nothing that the node wrote, or said when it was asked, holds a secret of its configuration', async () => {
  const log = await readFile(join(home, 'logs', 'node.log'), 'utf8');
  expect(log).toContain('refuses the access key');
  for (const secret of SECRETS) {
    expect(said.includes(secret), `${secret} in what was said`).toBe(false);
    expect(log.includes(secret), `${secret} in the log`).toBe(false);
  }
  expect(said).toContain(`127.0.0.1:${port}`);
  const { code, stdout, stderr } = await outcomeOf(
    startChorus(['start', '--home', home, '--set', `chain.url=ftp://me:${PASSWORD}@x/v3/${KEY}`], {
      env: env(),
    }),
  );
  expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
  expect(stderr).toMatch(/^error E_CONFIG: chain\.url: must be an address .*--set chain\.url.*\n$/);
  for (const secret of SECRETS) expect(stderr).not.toContain(secret);
});
