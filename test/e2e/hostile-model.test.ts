/** What happens to a real node, `chorus start`, that hears of tasks whose models are made to do it harm. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Deployment, type Devnet, deployChorus, startDevnet, transferTokens } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import { WALLET_KEY_FILE } from '@chorus/node';
import { cidFromDigest, type Hex, sha256Hex } from '@chorus/protocol';
import {
  type NodeEvent,
  OWN_NETWORK,
  parseConfig,
  publishTask,
  startNode,
  type TaskRequest,
  type TrainingNode,
} from '@chorus/service-training';
import { syntheticDigits, writeShard } from '@chorus/training';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { modelProcesses, until } from '../../packages/training/src/testing/children.ts';
import { endlessLoop, largeConstants, slow } from '../../packages/training/src/testing/hostile-models.ts';
import { smallTask, type TwinNetwork } from './twins.ts';

const PROGRAM = fileURLToPath(new URL('../../apps/cli/bin/chorus.js', import.meta.url));
const STAKE = 1_000n;
const VALUES = 784;
/** Of the linear model that every hostile one is built around. */
const DIMENSION = VALUES * 10;
const MEMORY = 1e9;

let folder: string;
let devnet: Devnet;
let deployment: Deployment;
let stranger: TrainingNode;
/** A task as any other. */
let honest: TaskRequest;
const children: ChildProcess[] = [];

async function writeKey(dataDir: string, key: Hex): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(join(dataDir, WALLET_KEY_FILE), key, { mode: 0o600 });
}

/** A victim's process, and what it tells; one folder for all its lives. */
async function startVictim(
  account: number,
  callSeconds: number,
): Promise<{ child: ChildProcess; events: NodeEvent[] }> {
  const dataDir = join(folder, `victim-${account}`);
  await writeKey(dataDir, devnet.privateKeys[account]!);
  const file = join(dataDir, 'config.json');
  const config = {
    dataDir,
    chain: { url: devnet.url, contract: deployment.taskManager },
    network: { bootstrap: stranger.ports.network.multiaddrs() },
    admin: { enabled: false },
    limits: { ...OWN_NETWORK.limits, memory: MEMORY },
    training: {
      roles: ['trainer'],
      data: join(folder, 'train.shard'),
      srsCache: join(folder, 'srs'),
      // What is refused here is the model: the terms are consented to.
      ...OWN_NETWORK.training,
      tasks: { ...OWN_NETWORK.training.tasks, callSeconds },
    },
  };
  await writeFile(file, JSON.stringify(config));
  const child = fork(PROGRAM, ['start', '--config', file], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
    execArgv: ['--conditions=@chorus/source'],
  });
  children.push(child);
  const events: NodeEvent[] = [];
  child.on('message', (event: NodeEvent) => events.push(event));
  await until(
    () => events.some((event) => event.type === 'ready') && stranger.ports.network.peers().length > 0,
  );
  return { child, events };
}

const peakOf = (pid: number): number =>
  1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]);

/** False also of a process that has ended and waits for a parent to ask how. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

const exitOf = (child: ChildProcess) =>
  new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('exit', (code, signal) => resolve([code, signal]));
  });

/** On chain and announced as by somebody whose own node checks nothing; told again until it is heard. */
async function announceUntil(model: Uint8Array, heard: (taskId: bigint) => boolean): Promise<bigint> {
  const request = { ...honest, terms: { ...honest.terms, dimension: DIMENSION }, model };
  const { taskId, announce } = await publishTask(stranger.ports, request, DIMENSION);
  const again = setInterval(() => void announce(), 2_000);
  try {
    await until(() => heard(taskId));
  } finally {
    clearInterval(again);
  }
  return taskId;
}

/** Whether a victim has a process for this very model: it hears of the honest task as well. */
function isTrying(account: number, { pid }: ChildProcess, model: Uint8Array): boolean {
  if (modelProcesses(pid).length === 0) return false;
  const kept = readFileSync(join(folder, `victim-${account}`, 'refused-models.json'), 'utf8');
  return kept.includes(cidFromDigest(sha256Hex(model), model.length));
}

const refusals = (events: NodeEvent[], taskId: bigint) =>
  events.filter((event) => event.type === 'task-refused' && event.taskId === taskId);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-hostile-model-'));
  devnet = await startDevnet({ accounts: 3 });
  deployment = await deployChorus({
    url: devnet.url,
    privateKey: devnet.privateKeys[0]!,
    verifier: developmentKey(),
  });
  const dataDir = join(folder, 'stranger');
  await writeKey(dataDir, devnet.privateKeys[0]!);
  const chain = { url: devnet.url, contract: deployment.taskManager };
  const config = { dataDir, roles: [], chain, srsCache: join(folder, 'srs'), admin: { enabled: false } };
  stranger = await startNode(parseConfig(config, 'test'), () => {});
  const ledger = { token: deployment.token };
  const { request, shards } = await smallTask(
    { ledger } as TwinNetwork,
    1,
    { stake: STAKE },
    { digitsOf: syntheticDigits },
  );
  request.params.validators = [stranger.ports.chain.account];
  honest = request;
  await writeShard(join(folder, 'train.shard'), shards[0]!);
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await stranger?.close();
  await devnet?.close();
  await rm(folder, { recursive: true, force: true });
});

it('a node survives every hostile model, keeps its memory, takes the next task, and ends when asked to', async () => {
  const { child, events } = await startVictim(1, 5);
  const idle = peakOf(child.pid!);
  const refused = (taskId: bigint) => refusals(events, taskId).length > 0;
  for (const [model, code] of [
    [largeConstants(VALUES, 2 ** 30), 'E_MODEL_MEMORY'],
    [endlessLoop(VALUES, 2n ** 62n), 'E_MODEL_FORBIDDEN'],
    [slow(VALUES), 'E_MODEL_TIME'],
  ] as const) {
    const taskId = await announceUntil(model, refused);
    expect(refusals(events, taskId)).toMatchObject([{ code }]);
    expect(child.exitCode).toBeNull();
  }
  expect(modelProcesses(child.pid)).toEqual([]);
  expect(peakOf(child.pid!) - idle).toBeLessThan(200e6);

  // Nothing is left of it: an honest task is joined.
  const recipients = [(events.find((event) => event.type === 'ready') as { address: Hex }).address];
  const { url, privateKeys } = devnet;
  const money = { url, privateKey: privateKeys[0]!, token: deployment.token };
  await transferTokens({ ...money, recipients, amount: 10n * STAKE });
  const taskId = await stranger.services.training.publish(honest);
  await until(() => events.some((event) => event.type === 'joined' && event.taskId === taskId));
  const [model] = modelProcesses(child.pid);
  expect(peakOf(model!)).toBeLessThan(MEMORY);

  const exited = exitOf(child);
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  await until(() => modelProcesses(child.pid).length === 0);
});

it('a restarted node does not open again what it refused, and one that computes without end ends when asked to', async () => {
  const { child, events } = await startVictim(2, 600);
  // Under other limits it is another question: it is tried, and would take many minutes.
  const model = slow(VALUES);
  const busy = await announceUntil(model, () => isTrying(2, child, model));
  expect(refusals(events, busy)).toEqual([]);
  const exited = exitOf(child);
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);

  // As it ended by itself, the trial says nothing against the model; a node that is killed in it is another matter.
  const second = await startVictim(2, 600);
  await announceUntil(model, () => isTrying(2, second.child, model));
  const [modelProcess] = modelProcesses(second.child.pid);
  const killed = exitOf(second.child);
  second.child.kill('SIGKILL');
  await killed;
  // It has no parent by which to find it any more, and ends by itself.
  await until(() => !isRunning(modelProcess!));

  const third = await startVictim(2, 600);
  const again = await announceUntil(model, (taskId) => refusals(third.events, taskId).length > 0);
  expect(refusals(third.events, again)).toMatchObject([
    { code: 'E_MODEL_CRASHED', message: expect.stringContaining('refused before') },
  ]);
});
