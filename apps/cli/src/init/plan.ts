import { join, resolve } from 'node:path';
import type { NodeConfigInput } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import { type DevnetDescriptor, devnetFolder, readDevnet } from '../devnet/descriptor.ts';
import { DEPLOYMENT_FILE, readDeployment } from './deployment.ts';

export type NodeRole = NodeConfigInput['roles'][number];

/** What `chorus init` is told, by flags or answers. */
export interface InitAnswers {
  network: 'devnet' | 'custom';
  /** Folder of the devnet. */
  devnet?: string;
  rpc?: string;
  contract?: string;
  deployment?: string;
  bootstrap: string[];
  roles: NodeRole[];
  data?: string;
  listen: string[];
}

/** A network a node can join. */
export interface NetworkPlan {
  rpc: string;
  contract: string;
  chainId: number | null;
  /** Block that the deployment began in. */
  startBlock: number;
  bootstrap: string[];
  /** Where it is a devnet: it has money and data to give away. */
  devnet: DevnetDescriptor | null;
  /** The deployment file, to be kept beside the configuration. */
  deployment: string | null;
}

/**
 * Find out where the network is.
 * @throws ChorusError `E_USAGE`, `E_CONFIG_DEPLOYMENT`, `E_DEVNET_*`
 */
export async function planNetwork(answers: InitAnswers): Promise<NetworkPlan> {
  if (answers.network === 'devnet') {
    const devnet = await readDevnet(answers.devnet);
    const { rpc, chainId, deployment, bootstrap } = devnet;
    const { text, startBlock } = await readDeployment(join(devnetFolder(answers.devnet), DEPLOYMENT_FILE));
    return {
      rpc,
      chainId,
      contract: deployment.taskManager,
      startBlock,
      bootstrap,
      devnet,
      deployment: text,
    };
  }
  const deployment = answers.deployment ? await readDeployment(resolve(answers.deployment)) : null;
  const rpc = answers.rpc ?? deployment?.rpc ?? undefined;
  const contract = answers.contract ?? deployment?.taskManager;
  if (rpc === undefined || !/^https?:$/.test(URL.canParse(rpc) ? new URL(rpc).protocol : '')) {
    throw usage('a network needs the HTTP address of a JSON-RPC endpoint: --rpc URL');
  }
  if (contract === undefined || !/^0x[0-9a-fA-F]{40}$/.test(contract)) {
    throw usage('a network needs its contracts: --deployment FILE, or --contract ADDRESS');
  }
  const bootstrap = answers.bootstrap.length > 0 ? answers.bootstrap : (deployment?.bootstrap ?? []);
  return {
    rpc,
    contract,
    chainId: deployment?.chainId ?? null,
    startBlock: deployment?.startBlock ?? 0,
    bootstrap,
    devnet: null,
    deployment: deployment?.text ?? null,
  };
}

/** Settings of a node on the internet; a devnet's nodes stay on this machine. */
const PUBLIC_NETWORK = {
  'network.listen': ['/ip4/0.0.0.0/tcp/4011', '/ip4/0.0.0.0/udp/4011/quic-v1'],
  'network.mdns': true,
  'network.dht': 'auto',
  'network.relayClient': true,
  'network.autoNat': true,
  'network.holePunching': true,
  'network.upnp': true,
  'network.maxConnectionsPerHost': 32,
};

/** The values a new configuration sets. */
export function configValues(answers: InitAnswers, network: NetworkPlan): Record<string, unknown> {
  const { listen, roles } = answers;
  return {
    roles,
    'chain.url': network.rpc,
    'chain.contract': network.contract,
    ...(network.chainId === null ? {} : { 'chain.chainId': network.chainId }),
    ...(network.startBlock === 0 ? {} : { 'chain.deployedAt': network.startBlock }),
    ...(network.devnet ? { 'network.listen': ['/ip4/127.0.0.1/tcp/0'] } : PUBLIC_NETWORK),
    ...(listen.length > 0 ? { 'network.listen': listen } : {}),
    'network.bootstrap': network.bootstrap,
  };
}

function usage(message: string): ChorusError {
  return new ChorusError('E_USAGE', message, { hint: 'chorus init --help has an example' });
}
