import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Deployment, type Devnet, deployChorus, startDevnet, transferTokens } from '@chorus/chain';
import { developmentKey, developmentSrs, log2SizeFor } from '@chorus/commitment';
import { WALLET_KEY_FILE } from '@chorus/node';
import type { Address, Hex } from '@chorus/protocol';
import {
  type NodeEvent,
  OWN_NETWORK,
  parseConfig,
  type StepPoint,
  startNode,
  type TrainingNode,
} from '@chorus/service-training';
import { writeShard } from '@chorus/training';
import { patience } from '../../patience.ts';
import { GatedProcess } from './gated-process.ts';
import { STAKE, type TinyTask, tinyParams, tinyTask } from './tiny-task.ts';

export interface Member {
  name: string;
  roles: ('trainer' | 'validator' | 'aggregator')[];
  process: GatedProcess;
  address: Address;
}

/** A chain, a requester in this process, and members in theirs that can be killed at any step. */
export interface CrashNetwork {
  devnet: Devnet;
  deployment: Deployment;
  requester: TrainingNode;
  members: Member[];
  /** Model digests by round: who computed which. */
  models: Map<number, Map<string, Hex>>;
  /** Every digest that any process ever told of a round. */
  digests: Map<number, Set<Hex>>;
  ended: Set<string>;
  warnings: string[];
  publish(rounds: number): Promise<bigint>;
  close(): Promise<void>;
}

export interface CrashNetworkOptions {
  trainers: number;
  validators: number;
  aggregators: number;
  /** Whether to kill that member at that point. */
  killAt?: (name: string, roles: Member['roles'], point: StepPoint) => boolean;
  onEvent?: (name: string, event: NodeEvent) => void;
}

export async function startCrashNetwork(options: CrashNetworkOptions): Promise<CrashNetwork> {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-crash-'));
  const cleanups: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    return await start(options, folder, cleanups, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  options: CrashNetworkOptions,
  folder: string,
  cleanups: (() => Promise<unknown>)[],
  close: () => Promise<void>,
): Promise<CrashNetwork> {
  const { trainers, validators, aggregators } = options;
  const count = trainers + validators + aggregators;
  const [devnet, task] = await Promise.all([startDevnet({ accounts: count + 1 }), tinyTask(trainers)]);
  cleanups.push(() => devnet.close());
  const [requesterKey, ...keys] = devnet.privateKeys as [Hex, ...Hex[]];
  const deployment = await deployChorus({
    url: devnet.url,
    privateKey: requesterKey,
    verifier: developmentKey(),
  });
  await developmentSrs(log2SizeFor(task.terms.dimension));
  const shards = await writeShards(task, folder);

  const models: CrashNetwork['models'] = new Map();
  const digests: CrashNetwork['digests'] = new Map();
  const ended = new Set<string>();
  const warnings: string[] = [];
  const onEvent = (name: string, event: NodeEvent) => {
    if (event.type === 'model') {
      const round = models.get(event.round) ?? new Map<string, Hex>();
      models.set(event.round, round.set(name, event.digest));
      digests.set(event.round, (digests.get(event.round) ?? new Set()).add(event.digest));
    }
    if (event.type === 'task-ended') ended.add(name);
    if (event.type === 'warning') warnings.push(`${name}: ${event.code} ${event.message}`);
    if (event.type === 'task-refused') warnings.push(`${name}: refused ${event.code} ${event.message}`);
    options.onEvent?.(name, event);
  };

  // No one asks these nodes anything: they start faster without their admin API.
  const shared = {
    chain: { url: devnet.url, contract: deployment.taskManager },
    admin: { enabled: false },
    ...OWN_NETWORK,
  };
  const dataDir = join(folder, 'requester');
  await mkdir(dataDir, { mode: 0o700 });
  await writeFile(join(dataDir, WALLET_KEY_FILE), requesterKey, { mode: 0o600 });
  const requester = await startNode(parseConfig({ ...shared, dataDir, roles: [] }, 'requester'), (event) =>
    onEvent('requester', event),
  );
  cleanups.push(() => requester.close());

  const bootstrap = requester.ports.network.multiaddrs();
  const planned = [
    ...names('trainer', trainers).map((name, i) => ({ name, role: 'trainer' as const, shard: shards[i]! })),
    ...names('validator', validators).map((name) => ({
      name,
      role: 'validator' as const,
      shard: shards.at(-1)!,
    })),
    ...names('aggregator', aggregators).map((name) => ({ name, role: 'aggregator' as const, shard: null })),
  ];
  const members: Member[] = [];
  for (const [i, { name, role, shard }] of planned.entries()) {
    const { killAt } = options;
    const process = await GatedProcess.start({
      name,
      walletKey: keys[i]!,
      config: {
        ...shared,
        dataDir: join(folder, name),
        network: { bootstrap },
        training: {
          ...OWN_NETWORK.training,
          roles: [role],
          seed: i + 2,
          ...(shard ? { data: shard } : {}),
        },
      },
      ...(killAt ? { killAt: (point: StepPoint) => killAt(name, [role], point) } : {}),
      onEvent: (event) => onEvent(name, event),
    });
    cleanups.push(() => process.stop());
    const { address } = await process.ready;
    members.push({ name, roles: [role], process, address });
  }
  await transferTokens({
    url: devnet.url,
    privateKey: requesterKey,
    token: deployment.token,
    recipients: members.map((member) => member.address),
    amount: STAKE,
  });
  const appointed = members.filter((m) => m.roles.includes('validator')).map((m) => m.address);
  return {
    devnet,
    deployment,
    requester,
    members,
    models,
    digests,
    ended,
    warnings,
    publish: (rounds) =>
      requester.services.training.publish({
        terms: task.terms,
        model: task.model,
        params: tinyParams(deployment.token, trainers, rounds, appointed),
      }),
    close,
  };
}

function names(role: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${role}-${i + 1}`);
}

async function writeShards(task: TinyTask, folder: string): Promise<string[]> {
  const paths = task.shards.map((_, i) => join(folder, `${i}.shard`));
  await Promise.all(task.shards.map((shard, i) => writeShard(paths[i]!, shard)));
  return paths;
}

/** The task is over for everybody: each has the last model, its earnings and its stake. */
export async function allOver(network: CrashNetwork, taskId: bigint): Promise<boolean> {
  const { requester, members, ended } = network;
  if (ended.size < members.length + 1) return false;
  const accounts = await Promise.all(
    members.map(({ address }) => requester.ports.chain.memberAccount(taskId, address)),
  );
  return accounts.every((account) => account?.released);
}

/** Until `condition` holds, milliseconds of a quiet machine; the network's warnings are in the error of one that never does. */
export async function until(
  network: CrashNetwork,
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + patience(timeoutMs);
  while (!(await condition())) {
    if (Date.now() > deadline) {
      const told = network.members.map((m) => `${m.name}: ${m.process.stderr.slice(-400)}`).join('\n');
      throw new Error(`the condition did not come true\n${network.warnings.slice(-30).join('\n')}\n${told}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
