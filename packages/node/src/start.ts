import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connectChain, isDevChain } from '@chorus/chain';
import { createNetwork, type NetworkOptions } from '@chorus/network';
import { type ChainPort, ChorusError } from '@chorus/protocol';
import { createHeliaStorage } from '@chorus/storage';
import type { Dataset } from '@chorus/training';
import { ChorusNode } from './chorus-node.ts';
import type { NodeConfig } from './config.ts';
import { openData } from './data/registry.ts';
import type { EventSink } from './events.ts';
import { type NodeKey, readNodeKey, writeNewNodeKey } from './identity/node-key.ts';
import { type OpenedWallet, openWallet, type PasswordSource } from './identity/wallet.ts';
import { Journal } from './journal/journal.ts';
import type { StepGate } from './journal/steps.ts';

export interface StartOptions {
  /** Asked for the password of an encrypted wallet. */
  password?: PasswordSource;
  /** For crash tests alone: see {@link StepGate}. */
  stepGate?: StepGate;
}

/**
 * The composition root: wires libp2p, IPFS, the chain and local data into a node and starts it.
 *
 * @throws ChorusError `E_WALLET_MISSING`, `E_PASSWORD_MISSING`, `E_PASSWORD_WRONG`, `E_WALLET_UNENCRYPTED`,
 *   `E_CHAIN_WRONG_ID`, `E_DATA_UNREADABLE`, `E_STORE_*` (see `openStore`) and the errors of the parts
 */
export async function startNode(
  config: NodeConfig,
  emit: EventSink,
  options: StartOptions = {},
): Promise<ChorusNode> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const nodeKey = (await readNodeKey(config.dataDir)) ?? (await writeNewNodeKey(config.dataDir));
  const wallet = await openWallet(config.dataDir, options.password);
  const dataset = await datasetOf(config);
  // Before anything that leaves a trace elsewhere: one process at a time works in a data folder.
  const journal = Journal.open(config.dataDir, { stepGate: options.stepGate });
  try {
    return await startParts(config, emit, { nodeKey, wallet, dataset, journal });
  } catch (error) {
    journal.close();
    throw error;
  }
}

interface NodeParts {
  nodeKey: NodeKey;
  wallet: OpenedWallet;
  dataset: Dataset | null;
  journal: Journal;
}

async function startParts(config: NodeConfig, emit: EventSink, parts: NodeParts): Promise<ChorusNode> {
  const { nodeKey, wallet, dataset, journal } = parts;
  const chain = await openChain(config, wallet, journal);
  const network = await createNetwork({
    ...networkOptions(config.network),
    ...(config.limits.upload ? { uploadBytesPerSecond: config.limits.upload } : {}),
    ...(config.limits.download ? { downloadBytesPerSecond: config.limits.download } : {}),
    privateKey: nodeKey.bytes,
    banFile: join(config.dataDir, 'bans.json'),
  });
  const storage = await createHeliaStorage({
    libp2p: network.libp2p,
    path: join(config.dataDir, 'blocks'),
    onWrongBlock: (peer) => network.blame(peer, 'wrong-block'),
  });
  const node = new ChorusNode(config, { ports: { chain, network, storage }, dataset, journal, emit });
  await node.start();
  return node;
}

function networkOptions({ dht, ...network }: NodeConfig['network']): NetworkOptions {
  const { maxConnections, maxConnectionsPerHost, ...rest } = network;
  return {
    ...rest,
    ...(dht === 'off' ? {} : { dht }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
    ...(maxConnectionsPerHost === undefined ? {} : { maxConnectionsPerHost }),
  };
}

/** The private data of a node whose roles need some. */
async function datasetOf({ roles, dataDir, data }: NodeConfig): Promise<Dataset | null> {
  return roles.some((role) => role !== 'aggregator') ? openData(dataDir, data) : null;
}

/** The chain port of the wallet, on the chain the configuration means. */
async function openChain(
  config: NodeConfig,
  { wallet, encrypted }: OpenedWallet,
  journal: Journal,
): Promise<ChainPort> {
  const { url, contract, chainId, pollMilliseconds } = config.chain;
  const chain = await connectChain({
    url,
    contract: contract as `0x${string}`,
    signer: wallet,
    transactions: journal.transactions,
    ...(pollMilliseconds ? { pollMilliseconds } : {}),
  });
  try {
    if (chainId !== undefined && chain.chainId !== chainId) {
      throw new ChorusError('E_CHAIN_WRONG_ID', 'the endpoint is of another chain than configured', {
        facts: { configured: chainId, found: chain.chainId },
        hint: 'correct chain.url or chain.chainId in the configuration',
      });
    }
    if (!encrypted && !isDevChain(chain.chainId)) {
      throw new ChorusError('E_WALLET_UNENCRYPTED', 'a development key is refused on this chain', {
        facts: { chainId: chain.chainId },
        hint: 'make an encrypted wallet with `chorus init`',
      });
    }
    return chain;
  } catch (error) {
    await chain.close();
    throw error;
  }
}
