import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Deployment, type Devnet, deployChorus, startDevnet, transferTokens } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import { type ChorusNode, createNode, parseConfig, WALLET_KEY_FILE } from '@chorus/node';
import type { Address, Hex } from '@chorus/protocol';
import { type Agents, agents } from '@chorus/service-agents';
import {
  type EventSink,
  type NodeConfigInput,
  type NodeEvent,
  OWN_NETWORK,
  type Training,
  training,
} from '@chorus/service-training';
import { makeFolder } from '@chorus/utils';
import { machineFactor } from '../environment/machine.ts';
import { CONFIG, type NodeConfig } from '../environment/node-config.ts';
import { CHAIN_STATE_FILE } from '../inspect/profile.ts';
import type { DemoData } from './data.ts';
import { type DemoOptions, trainerCount, validatorCount } from './options.ts';
import { NodeProcess } from './processes.ts';
import { DEMO_ECONOMY, localMarket, localWindows } from './task.ts';

/** Publishes the task, and at the end calls an agent. */
export type RequesterNode = ChorusNode<{ training: Training; agents: Agents }>;

/** The plan of a node of the demo: its name and roles. */
export interface PlannedNode {
  name: string;
  roles: ('trainer' | 'validator' | 'aggregator')[];
  attack?: DemoOptions['attack'];
}

/** Trainers first (the last of them attack), then the validators, which are candidates to aggregate as well. */
export function planNodes(options: DemoOptions): PlannedNode[] {
  const trainers = trainerCount(options);
  const planned: PlannedNode[] = Array.from({ length: trainers }, (_, i) => ({
    name: `trainer-${i + 1}`,
    roles: ['trainer'],
    ...(i >= trainers - options.attackers ? { attack: options.attack } : {}),
  }));
  for (let i = 1; i <= validatorCount(options); i++) {
    planned.push({ name: `validator-${i}`, roles: ['validator', 'aggregator'] });
  }
  return planned;
}

export interface DemoNetwork {
  devnet: Devnet;
  deployment: Deployment;
  /** The requester runs in this process: it publishes the task and checks every step of the others. */
  requester: RequesterNode;
  nodes: (PlannedNode & { process: NodeProcess; address: Address })[];
}

export interface DemoNetworkOptions {
  options: DemoOptions;
  folder: string;
  devnet: Devnet;
  deployment: Deployment;
  data: DemoData;
  onEvent: (node: string, event: NodeEvent) => void;
  onProcess: (process: NodeProcess) => void;
  /** Called with each part as it starts, so that the part is ended whatever happens next. */
  defer: (cleanup: () => Promise<unknown>) => void;
}

/** Chain and contracts: the first account is the requester's and holds all tokens. */
export async function startDemoChain(
  options: DemoOptions,
  folder: string,
  defer: DemoNetworkOptions['defer'],
): Promise<{ devnet: Devnet; deployment: Deployment }> {
  const devnet = await startDevnet({
    accounts: options.nodes + 1,
    ...(options.keep ? { stateFile: join(folder, CHAIN_STATE_FILE) } : {}),
  });
  defer(() => devnet.close());
  const deployment = await deployChorus({
    url: devnet.url,
    privateKey: devnet.privateKeys[0]!,
    verifier: developmentKey(),
    market: localMarket(machineFactor()),
    initial: { windows: localWindows(machineFactor()) },
  });
  return { devnet, deployment };
}

/** Start the requester in this process and every node in its own; resolves when all listen and hold their stake. */
export async function startDemoNodes(demo: DemoNetworkOptions): Promise<DemoNetwork> {
  const { options, folder, devnet, deployment, data, onEvent, onProcess, defer } = demo;
  const [requesterKey, ...nodeKeys] = devnet.privateKeys as [Hex, ...Hex[]];
  const shared = {
    ...OWN_NETWORK,
    chain: { url: devnet.url, contract: deployment.taskManager },
    agents: { tokens: [deployment.token] },
  };
  const requester = await startRequester(
    { ...shared, dataDir: join(folder, 'requester') },
    requesterKey,
    (event) => onEvent('requester', event),
  );
  defer(() => requester.close());
  const bootstrap = requester.ports.network.multiaddrs();
  const nodes = await Promise.all(
    planNodes(options).map(async (planned, i) => {
      const config: NodeConfigInput = {
        ...shared,
        dataDir: join(folder, planned.name),
        network: { bootstrap },
        // Its page is the one that a network that goes on is shown with.
        ...(options.page && i === 0 ? { gateway: { enabled: true, explorer: true } } : {}),
        training: {
          ...OWN_NETWORK.training,
          roles: planned.roles,
          seed: options.seed + i + 1,
          ...(planned.attack ? { attack: planned.attack } : {}),
          ...(planned.roles.includes('trainer') ? { data: data.trainerShards[i]! } : {}),
          ...(planned.roles.includes('validator')
            ? { data: data.validatorShards[i - trainerCount(options)]! }
            : {}),
        },
      };
      const process = await NodeProcess.start(planned.name, config, nodeKeys[i]!, (event) =>
        onEvent(planned.name, event),
      );
      defer(() => process.stop());
      onProcess(process);
      return { ...planned, process };
    }),
  );
  const ready = await Promise.all(nodes.map((node) => node.process.ready));
  await transferTokens({
    url: devnet.url,
    privateKey: requesterKey,
    token: deployment.token,
    recipients: ready.map(({ address }) => address),
    amount: DEMO_ECONOMY.stake,
  });
  return {
    devnet,
    deployment,
    requester,
    nodes: nodes.map((node, i) => ({ ...node, address: ready[i]!.address })),
  };
}

async function startRequester(config: NodeConfigInput, key: Hex, emit: EventSink): Promise<RequesterNode> {
  await makeFolder(config.dataDir, 0o700);
  await writeFile(join(config.dataDir, WALLET_KEY_FILE), key, { mode: 0o600 });
  return createNode({
    config: parseConfig(CONFIG, config, 'demo requester') as NodeConfig,
    services: { training: training(), agents: agents() },
    emit: (event) => emit(event as NodeEvent),
  });
}
