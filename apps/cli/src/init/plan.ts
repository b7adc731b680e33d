import { join, resolve } from 'node:path';
import { type AddressUse, addressFault } from '@chorus/node';
import { ChorusError, keepUrlSecret } from '@chorus/protocol';
import type { NodeConfig } from '@chorus/service-training';
import { DEPLOYMENT_FILE, readDeployment } from '../chain/deployment.ts';
import { type DevnetDescriptor, devnetFolder, readDevnet } from '../devnet/descriptor.ts';

export type NodeRole = NodeConfig['training']['roles'][number];

/** Options of `chorus init`, from flags or answers. */
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
  /** What may be staked; undefined: nothing on a network, and some of its worthless token on a devnet. */
  stake?: StakeConsent;
}

/** What a node's owner allows it to risk in strangers' tasks. */
export interface StakeConsent {
  /** Most to stake in one task, in whole tokens. */
  tokens: string;
  /** Token to stake; by default the network's own. */
  token?: string;
  /** Owners whose tasks the node may stake in; by default any owner. */
  owners?: string[];
  /** Most days that a task may lock the stake; 90 by default. */
  days?: number;
}

/**
 * Stake in the devnet's own token, which its faucet gives away: it is worth nothing, and the devnet is the user's
 * own.
 */
const DEVNET_STAKE = '100';
export const STAKE_DAYS = 90;

/** What a node will be allowed to stake, as text and as configuration; null: nothing. */
export function stakePlan(
  answers: InitAnswers,
  network: Pick<NetworkPlan, 'token' | 'devnet'>,
): (Required<Omit<StakeConsent, 'owners'>> & { owners: string[] | null }) | null {
  const { stake } = answers;
  const tokens = stake?.tokens ?? (network.devnet ? DEVNET_STAKE : '0');
  if (Number(tokens) === 0) return null;
  const token = stake?.token ?? network.token;
  if (token === null) {
    throw usage('the deployment names no token to stake: give --stake-token ADDRESS');
  }
  return { tokens, token, owners: stake?.owners ?? null, days: stake?.days ?? STAKE_DAYS };
}

/** A network a node can join. */
export interface NetworkPlan {
  rpc: string;
  contract: string;
  chainId: number | null;
  /** Its own token; null if nothing names it. */
  token: string | null;
  /** First block of the deployment. */
  startBlock: number;
  bootstrap: string[];
  /** The devnet, if the network is one: it gives away money and data. */
  devnet: DevnetDescriptor | null;
  /** The deployment file, to be stored next to the configuration. */
  deployment: string | null;
}

/**
 * Find out where the network is.
 * @throws ChorusError `E_USAGE`, `E_CONFIG_DEPLOYMENT`, `E_DEVNET_*`
 */
export async function planNetwork(answers: InitAnswers): Promise<NetworkPlan> {
  refuseAddresses(answers.listen, 'own', '--listen');
  if (answers.network === 'devnet') {
    const given = [
      answers.rpc === undefined ? '' : '--rpc',
      answers.deployment === undefined ? '' : '--deployment',
      answers.contract === undefined ? '' : '--contract',
      answers.bootstrap.length === 0 ? '' : '--bootstrap',
    ].filter((option) => option !== '');
    if (given.length > 0) {
      throw usage(`a devnet says itself where it is: leave out ${given.join(' and ')}, or --network devnet`);
    }
    const devnet = await readDevnet(answers.devnet);
    const { rpc, chainId, deployment, bootstrap } = devnet;
    const { text, startBlock } = await readDeployment(join(devnetFolder(answers.devnet), DEPLOYMENT_FILE));
    return {
      rpc,
      chainId,
      contract: deployment.taskManager,
      token: deployment.token,
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
    throw usage('a network needs a JSON-RPC endpoint that begins with http:// or https://: give --rpc URL');
  }
  keepUrlSecret(rpc);
  if (contract === undefined || !/^0x[0-9a-fA-F]{40}$/.test(contract)) {
    throw usage('a network needs its contracts: give --deployment FILE, or --contract ADDRESS');
  }
  const bootstrap = answers.bootstrap.length > 0 ? answers.bootstrap : (deployment?.bootstrap ?? []);
  refuseAddresses(bootstrap, 'peer', '--bootstrap');
  return {
    rpc,
    contract,
    chainId: deployment?.chainId ?? null,
    token: deployment?.token ?? null,
    startBlock: deployment?.startBlock ?? 0,
    bootstrap,
    devnet: null,
    deployment: deployment?.text ?? null,
  };
}

/** Check addresses before the node exists; it would find the fault only when it dials or listens. */
function refuseAddresses(addresses: readonly string[], use: AddressUse, option: string): void {
  for (const address of addresses) {
    const fault = addressFault(address, use);
    if (fault) throw usage(`${option}: ${address.slice(0, 256)} ${fault}`);
  }
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
  const stake = stakePlan(answers, network);
  return {
    'training.roles': roles,
    'chain.url': network.rpc,
    'chain.contract': network.contract,
    ...(network.chainId === null ? {} : { 'chain.chainId': network.chainId }),
    ...(network.startBlock === 0 ? {} : { 'chain.deployedAt': network.startBlock }),
    ...(network.devnet ? { 'network.listen': ['/ip4/127.0.0.1/tcp/0'] } : PUBLIC_NETWORK),
    ...(listen.length > 0 ? { 'network.listen': listen } : {}),
    'network.bootstrap': network.bootstrap,
    // The defaults are written out, so that the file shows what the node may stake.
    'training.maxStake': stake?.tokens ?? '0',
    'training.stake.onlyListed': true,
    ...(network.token === null ? {} : { 'agents.tokens': [network.token] }),
    ...stakeTokens(stake, network.token),
    ...(stake?.owners ? { 'training.stake.owners': stake.owners } : {}),
    // A devnet has two validators, both the user's own, and unlimited coins.
    ...(network.devnet ? { 'training.tasks.minValidators': 1, 'limits.gas.perDay': '100' } : {}),
  };
}

/**
 * The token that may be staked, and for how long; else the network's own, so that the user only has to set
 * `training.maxStake`.
 */
function stakeTokens(stake: ReturnType<typeof stakePlan>, own: string | null): Record<string, unknown> {
  const token = stake?.token ?? own;
  if (token === null) return {};
  return { 'training.stake.perToken': { [token]: { seconds: (stake?.days ?? STAKE_DAYS) * 86_400 } } };
}

function usage(message: string): ChorusError {
  return new ChorusError('E_USAGE', message, { hint: 'chorus init --help has an example' });
}
