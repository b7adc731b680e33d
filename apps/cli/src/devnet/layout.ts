import { once } from 'node:events';
import { rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Deployment, deployChorus, devnetKeys } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import { CONFIG_FILE, WALLET_KEY_FILE, writeNewNodeKey } from '@chorus/node';
import { ChorusError, type Hex } from '@chorus/protocol';
import { addData, type NodeConfig, OWN_NETWORK_VALUES } from '@chorus/service-training';
import { makeFolder } from '@chorus/utils';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { DEPLOYMENT_FILE } from '../chain/deployment.ts';
import { prepareData } from '../demo/data.ts';
import { localMarket, localWindows } from '../demo/task.ts';
import { machineFactor } from '../environment/machine.ts';
import { renderConfig } from '../environment/node-config.ts';

/**
 * Seconds from a proposal to its vote, of the vote, and until a decision can be carried out: a person can go through all of
 * it in five minutes, and has time to type. Threshold and quorum are those of a real network.
 */
const QUICK_VOTES = { votingDelay: 30, votingPeriod: 120, timelock: 30 };

/** The plan of a devnet; kept in its folder, and the same on every start. */
export interface DevnetPlan {
  /** Port of the chain. */
  port: number;
  deployment: Deployment;
  nodes: PlannedNode[];
}

export interface PlannedNode {
  name: string;
  roles: NodeConfig['training']['roles'];
  /** Address that other nodes dial, with the peer id. */
  multiaddr: string;
}

/** The requester: `chorus task create --devnet` is it. It holds every token there is. */
export const REQUESTER = 'requester';

/** The chain's state within the devnet's folder. */
export const CHAIN_FILE = 'chain.json';
export const SAMPLE_FILE = join('samples', 'digits.shard');
const PLAN_FILE = 'plan.json';

/** Folder of a node of the devnet. */
export const homeIn = (folder: string, name: string): string => join(folder, 'nodes', name);

const address = z.string().regex(/^0x[0-9a-f]{40}$/) as z.ZodType<`0x${string}`>;
const planSchema = z.strictObject({
  port: z.number().int().positive(),
  deployment: z.strictObject({
    chainId: z.number().int().positive(),
    startBlock: z.number().int().nonnegative(),
    token: address,
    verifiers: z.strictObject({ 'reference-trust': address, 'reference-projection': address }),
    taskManager: address,
    parameters: address,
    stakes: address,
    attestor: address,
    identities: address,
    reputations: address,
    validations: address,
    governor: address,
    timelock: address,
    treasury: address,
    // Devnets from before there was any have none.
    revenue: z.strictObject({ tills: address, units: address, royalties: address }).nullable().default(null),
    market: z.strictObject({ commerce: address, evaluator: address }).nullable().default(null),
    channels: z.strictObject({ channels: address, collector: address }).nullable().default(null),
  }),
  nodes: z.array(
    z.strictObject({
      name: z.string(),
      roles: z.array(z.enum(['trainer', 'validator', 'aggregator'])),
      multiaddr: z.string(),
    }),
  ),
});

/** @throws ChorusError `E_DEVNET_FILE` */
export function parsePlan(text: string): DevnetPlan {
  const parsed = planSchema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new ChorusError('E_DEVNET_FILE', 'the plan of the devnet is damaged', {
    hint: 'remove it with `chorus devnet down --delete`, and run `chorus devnet up` again',
    cause: parsed.error,
  });
}

export const planFile = (folder: string): string => join(folder, PLAN_FILE);

/** Trainers, and validators that take turns aggregating: two, or one if there are three nodes or fewer. */
function rolesOf(count: number): Pick<PlannedNode, 'name' | 'roles'>[] {
  const validators = count >= 4 ? 2 : 1;
  const trainers = count - validators;
  const train = Array.from({ length: trainers }, (_, i) => ({
    name: `trainer-${i + 1}`,
    roles: ['trainer'] as PlannedNode['roles'],
  }));
  const validate = Array.from({ length: validators }, (_, i) => ({
    name: `validator-${i + 1}`,
    roles: ['validator', 'aggregator'] as PlannedNode['roles'],
  }));
  return [...train, ...validate];
}

export interface LayOutOptions {
  folder: string;
  nodes: number;
  /** Endpoint of the chain, which is already running. */
  url: string;
  port: number;
}

/**
 * Create everything a devnet needs, on a running chain: contracts, a folder for each node with keys, configuration
 * and data, and data for one additional trainer. The keys are the development chain's, which are public.
 */
export async function layOut({ folder, nodes, url, port }: LayOutOptions): Promise<DevnetPlan> {
  const keys = devnetKeys(nodes + 1) as [Hex, ...Hex[]];
  const deployment = await deployChorus({
    url,
    privateKey: keys[0],
    verifier: developmentKey(),
    market: localMarket(machineFactor()),
    initial: { windows: localWindows(machineFactor()) },
    governance: QUICK_VOTES,
    file: join(folder, DEPLOYMENT_FILE),
  });
  const planned = rolesOf(nodes);
  const ports = await freePorts(planned.length);
  const peers: PlannedNode[] = [];
  for (const [i, { name, roles }] of planned.entries()) {
    const home = homeIn(folder, name);
    await makeHome(home, keys[i + 1]!);
    const { peerId } = await writeNewNodeKey(home);
    peers.push({ name, roles, multiaddr: `/ip4/127.0.0.1/tcp/${ports[i]}/p2p/${peerId}` });
  }
  await makeHome(homeIn(folder, REQUESTER), keys[0]);
  await giveData(folder, planned);
  const plan: DevnetPlan = { port, deployment, nodes: peers };
  for (const { name, roles } of [...peers, { name: REQUESTER, roles: [] }]) {
    await writeFile(join(homeIn(folder, name), CONFIG_FILE), configText(name, roles, plan, url), {
      mode: 0o600,
    });
  }
  await writeFileAtomic(planFile(folder), `${JSON.stringify(plan, null, 2)}\n`);
  return plan;
}

function configText(name: string, roles: string[], plan: DevnetPlan, url: string): string {
  const own = plan.nodes.find((node) => node.name === name)?.multiaddr;
  const others = plan.nodes.filter((node) => node.name !== name).map(({ multiaddr }) => multiaddr);
  return renderConfig({
    'training.roles': roles,
    'chain.url': url,
    'chain.contract': plan.deployment.taskManager,
    'chain.chainId': plan.deployment.chainId,
    'network.listen': [own ? own.replace(/\/p2p\/.*$/, '') : '/ip4/127.0.0.1/tcp/0'],
    'network.bootstrap': others.slice(-3),
    ...OWN_NETWORK_VALUES,
    ...(roles.includes('trainer') || roles.includes('validator') ? { 'training.data': 'digits' } : {}),
  });
}

async function makeHome(home: string, key: Hex): Promise<void> {
  await makeFolder(home, 0o700);
  await writeFile(join(home, WALLET_KEY_FILE), `${key}\n`, { mode: 0o600 });
}

/** Generated digits: a part for each trainer, one for a trainer that comes later, and one to validate on. */
async function giveData(folder: string, planned: Pick<PlannedNode, 'name' | 'roles'>[]): Promise<void> {
  const trainers = planned.filter(({ roles }) => roles.includes('trainer'));
  const parts = join(folder, 'parts');
  const validators = planned.filter(({ roles }) => roles.includes('validator'));
  const { trainerShards, validatorShards } = await prepareData(
    { data: null, split: { kind: 'iid' }, seed: 1 },
    { trainers: trainers.length + 1, validators: validators.length },
    parts,
  );
  const place = async (from: string, to: string) => {
    await makeFolder(join(to, '..'), 0o700);
    await rename(from, to);
    return to;
  };
  for (const [i, { name }] of trainers.entries()) {
    const home = homeIn(folder, name);
    await addData(home, 'digits', await place(trainerShards[i]!, join(home, 'data', 'digits.shard')));
  }
  for (const [i, { name }] of validators.entries()) {
    const home = homeIn(folder, name);
    await addData(home, 'digits', await place(validatorShards[i]!, join(home, 'data', 'digits.shard')));
  }
  await place(trainerShards.at(-1)!, join(folder, SAMPLE_FILE));
  await rm(parts, { recursive: true, force: true });
}

/** Ports that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  return ports;
}
