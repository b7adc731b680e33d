import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AdminClient, createAdminClient, readAdmin, type StreamedEvent } from '@chorus/admin-api';
import { type Deployment, type Devnet, deployChorus, startDevnet, transferTokens } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import { WALLET_KEY_FILE } from '@chorus/node';
import { type Address, cidFromDigest, type Hex, payloadBytes } from '@chorus/protocol';
import {
  type EventJson,
  type NodeConfigInput,
  OWN_NETWORK,
  parseConfig,
  startNode,
  type TrainingNode,
} from '@chorus/service-training';
import { writeShard } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FakeKubo, FakeSwarm } from '../twins/kubo.ts';
import { smallTask, type TwinNetwork } from './twins.ts';

const PROGRAM = fileURLToPath(new URL('../../apps/cli/bin/chorus.js', import.meta.url));
const STAKE = 1_000n;

interface NodeAtWork {
  name: string;
  process: ChildProcess;
  dataDir: string;
  address: Address;
  client: AdminClient<EventJson>;
}

let folder: string;
let devnet: Devnet;
let deployment: Deployment;
let requester: TrainingNode;
/** The IPFS daemon next to the trainer. */
let daemon: FakeKubo;
const nodes: NodeAtWork[] = [];

async function writeKey(dataDir: string, key: Hex): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(join(dataDir, WALLET_KEY_FILE), key, { mode: 0o600 });
}

/** `chorus start` in a process of its own; resolves when its API says that it is ready. */
async function start(name: string, account: number, config: Partial<NodeConfigInput>): Promise<NodeAtWork> {
  const dataDir = join(folder, name);
  await writeKey(dataDir, devnet.privateKeys[account]!);
  const file = join(dataDir, 'config.json');
  const full = {
    dataDir,
    chain: { url: devnet.url, contract: deployment.taskManager },
    network: { bootstrap: requester.ports.network.multiaddrs() },
    srsCache: join(folder, 'srs'),
    ...OWN_NETWORK,
    ...config,
    training: { ...OWN_NETWORK.training, ...config.training },
  };
  await writeFile(file, JSON.stringify(full));
  const child = fork(PROGRAM, ['start', '--config', file], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
    execArgv: ['--conditions=@chorus/source'],
  });
  const client = await until(async () => createAdminClient<EventJson>(await readAdmin(dataDir)));
  await until(async () => {
    expect((await client.ready()).status).toBe('ok');
  });
  const { identity } = await client.status();
  const node = { name, process: child, dataDir, address: identity.wallet as Address, client };
  nodes.push(node);
  return node;
}

/** Try until it does not throw. */
const until = <T>(attempt: () => Promise<T>, timeout = 60_000): Promise<T> =>
  vi.waitFor(attempt, { timeout, interval: 50 });

const exitOf = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode);
    else child.once('exit', resolve);
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-admin-e2e-'));
  daemon = await FakeKubo.start(new FakeSwarm());
  devnet = await startDevnet({ accounts: 4 });
  deployment = await deployChorus({
    url: devnet.url,
    privateKey: devnet.privateKeys[0]!,
    verifier: developmentKey(),
  });
  const dataDir = join(folder, 'requester');
  await writeKey(dataDir, devnet.privateKeys[0]!);
  const config = {
    dataDir,
    roles: [],
    chain: { url: devnet.url, contract: deployment.taskManager },
    srsCache: join(folder, 'srs'),
    admin: { enabled: false },
  };
  requester = await startNode(parseConfig(config, 'test'), () => {});
});

afterAll(async () => {
  for (const { process } of nodes) process.kill('SIGKILL');
  await requester?.close();
  await devnet?.close();
  await daemon?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a node at work', () => {
  it('is seen through its API from the announcement to the reward, and stays responsive', async () => {
    const { request, shards, validation } = await smallTask(
      { ledger: { token: deployment.token } } as TwinNetwork,
      1,
      { stake: STAKE, rounds: 1 },
    );
    await writeShard(join(folder, 'train.shard'), shards[0]!);
    await writeShard(join(folder, 'validate.shard'), validation);
    const alice = await start('alice', 1, {
      training: {
        roles: ['trainer'],
        data: join(folder, 'train.shard'),
        tasks: { ...OWN_NETWORK.training.tasks, licences: ['Apache-2.0'] },
      },
      storage: { ipfsApi: daemon.url },
    });
    const victor = await start('victor', 2, {
      training: { roles: ['validator', 'aggregator'], data: join(folder, 'validate.shard') },
    });
    await transferTokens({
      url: devnet.url,
      privateKey: devnet.privateKeys[0]!,
      token: deployment.token,
      recipients: [alice.address, victor.address],
      amount: 10n * STAKE,
    });
    request.params.validators = [victor.address];

    // A task without a licence is refused, and the node says what to change.
    const unlicensed = await requester.services.training.publish(request);
    const refused = await until(async () => {
      const [first] = (await alice.client.status()).refused;
      expect(first).toBeDefined();
      return first!;
    });
    expect(refused).toMatchObject({ taskId: String(unlicensed), code: 'E_LIMIT_LICENCE' });
    expect(refused.hint).toContain('training.tasks.licences');
    expect(await alice.client.join(unlicensed)).toMatchObject({
      outcome: 'refused',
      reason: { code: 'E_LIMIT_LICENCE' },
    });
    await until(async () => expect((await victor.client.tasks()).tasks).toHaveLength(1));
    expect(await victor.client.leave(unlicensed)).toMatchObject({ member: true, stakeLocked: String(STAKE) });

    // One with a licence is joined and lived through, among many questions and a reader that reads nothing.
    const streamed: StreamedEvent<EventJson>[] = [];
    const end = new AbortController();
    const following = (async () => {
      for await (const event of alice.client.events({ signal: end.signal })) streamed.push(event);
    })();
    const { url, token } = await readAdmin(alice.dataDir);
    const stalled = connect(Number(new URL(url).port), '127.0.0.1').pause();
    stalled.on('error', () => {});
    stalled.write(`GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    let answered = 0;
    const asking = (async () => {
      while (!end.signal.aborted) {
        const health = await fetch(`${url}/health/live`);
        expect(health.status).toBe(200);
        await Promise.all([alice.client.status(), alice.client.metrics(), alice.client.peers()]);
        answered++;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    const taskId = String(
      await requester.services.training.publish({
        ...request,
        terms: { ...request.terms, licence: 'Apache-2.0' },
      }),
    );
    const working = await until(async () => {
      const task = (await alice.client.status()).tasks.find(({ id }) => id === taskId);
      expect(task?.status).toBe('running');
      return task!;
    });
    expect(working).toMatchObject({ name: 'test', roles: ['trainer'], stake: String(STAKE), leaving: false });
    expect(Date.parse(working.deadline!)).toBeGreaterThan(Date.now() - 60_000);
    expect((await alice.client.task(taskId)).terms).toMatchObject({ licence: 'Apache-2.0' });
    await until(
      async () => expect((await alice.client.rounds({ task: taskId })).rounds).toHaveLength(1),
      120_000,
    );
    await until(async () => expect((await alice.client.tasks()).tasks).toEqual([]));

    const { rounds } = await alice.client.rounds({ task: taskId, limit: 1 });
    expect(rounds).toMatchObject([{ round: 1, outcome: 'settled', trainer: 0, share: expect.any(Number) }]);
    expect(BigInt(rounds[0]!.reward)).toBeGreaterThan(0n);
    expect(rounds[0]!.stageSeconds).toHaveProperty('train');
    const { earned, staked } = await alice.client.rewards();
    expect(earned[0]).toMatchObject({ rewards: rounds[0]!.reward, settled: 1, paid: 1, void: 0 });
    expect(staked).toEqual([]);
    const { updates } = await requester.ports.chain.round(BigInt(taskId), 1);
    const { dimension } = await requester.ports.chain.task(BigInt(taskId));
    expect(daemon.pinned).toContain(cidFromDigest(updates[0]!.digest, payloadBytes(dimension)));

    end.abort();
    await Promise.all([following, asking]);
    stalled.destroy();
    expect(answered).toBeGreaterThan(3);

    const kinds = streamed.map(({ event }) => event.type);
    for (const kind of [
      'joined',
      'stage-started',
      'stage',
      'committed',
      'model',
      'round-ended',
      'task-ended',
    ]) {
      expect(kinds).toContain(kind);
    }
    // A client that comes back with the id of an event gets what followed it.
    const from = streamed.findIndex(({ event }) => event.type === 'joined');
    const again: StreamedEvent<EventJson>[] = [];
    const stop = new AbortController();
    for await (const event of alice.client.events({ lastEventId: streamed[from]!.id, signal: stop.signal })) {
      again.push(event);
      if (event.id === streamed.at(-1)!.id) break;
    }
    stop.abort();
    expect(again).toEqual(streamed.slice(from + 1));

    const metrics = await alice.client.metrics();
    expect(metrics).toContain('chorus_rounds_total{outcome="settled"} 1');
    expect(metrics).toMatch(/chorus_gas_used_total\{action="commitUpdate"\} [1-9]/);
    expect(metrics).toMatch(/chorus_network_bytes_total\{direction="in"\} [1-9]/);
    expect(metrics).toMatch(/chorus_gossip_messages_total\{topic="tasks",verdict="accepted"\} [1-9]/);
    expect(metrics).toMatch(/chorus_tasks_refused_total\{code="E_LIMIT_LICENCE"\} [1-9]/);
  });

  it('takes part in the votes of its network, and knows the record of its identity', async () => {
    const { client, address } = nodes[0]!;
    const { parameters } = await client.parameters();
    expect(parameters.find(({ name }) => name === 'protocol-fee')).toMatchObject({
      value: '100',
      most: '500',
    });
    await client.delegateVotes({ to: address });
    expect((await client.governance()).wallet).toMatchObject({ account: address, delegate: address });
    expect(await client.proposals()).toEqual({ total: 0, proposals: [] });
    const title = 'A lower fee';
    const proposal = client.propose({ title, changes: [{ name: 'protocol-fee', value: '50' }] });
    await expect(proposal).rejects.toMatchObject({ code: 'E_GOVERNANCE_THRESHOLD' });
    expect(await client.memberRecord()).toMatchObject({ owner: address, tasks: 1, entries: [] });
  });

  it('refuses whom it does not know', async () => {
    const { url, token } = await readAdmin(nodes[0]!.dataDir);
    const { port } = new URL(url);
    const ask = async (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) => {
      const response = await fetch(url + path, { ...init, headers });
      return `${response.status} ${((await response.json()) as { code?: string }).code}`;
    };
    const bearer = { authorization: `Bearer ${token}` };
    expect(await ask('/v1/status')).toBe('401 E_ADMIN_UNAUTHORIZED');
    expect(await ask('/v1/status', { authorization: `Bearer ${token.slice(1)}x` })).toBe(
      '401 E_ADMIN_UNAUTHORIZED',
    );
    expect(await ask('/metrics')).toBe('401 E_ADMIN_UNAUTHORIZED');
    expect(await ask('/v1/shutdown', { ...bearer, origin: 'https://evil.example' }, { method: 'POST' })).toBe(
      '403 E_ADMIN_ORIGIN',
    );
    const body = JSON.stringify({ peerId: 'x'.repeat(100_000) });
    const json = { ...bearer, 'content-type': 'application/json' };
    expect(await ask('/v1/bans', json, { method: 'POST', body })).toBe('413 E_ADMIN_TOO_LARGE');
    // fetch sets the Host itself; a name that was pointed at this machine comes in as it is.
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write(
          `GET /v1/status HTTP/1.1\r\nHost: evil.example:${port}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
        ),
      );
      let text = '';
      socket.on('data', (data) => {
        text += String(data);
      });
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).toContain('E_ADMIN_HOST');
  });

  it('tells nothing of itself without the token but that it is well', async () => {
    const { url } = await readAdmin(nodes[0]!.dataDir);
    expect(await (await fetch(`${url}/health/live`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${url}/health/ready`)).json()).toEqual({
      status: 'ok',
      checks: { started: true, chain: true, store: true, loop: true },
    });
  });

  it('ends in order when asked, and takes its token with it', async () => {
    const alice = nodes[0]!;
    const ended = exitOf(alice.process);
    expect(await alice.client.shutdown()).toEqual({ accepted: true });
    expect(await ended).toBe(0);
    expect(await readdir(alice.dataDir)).not.toContain('admin.json');
    await expect(alice.client.status()).rejects.toMatchObject({ code: 'E_ADMIN_UNREACHABLE' });
  });
});
