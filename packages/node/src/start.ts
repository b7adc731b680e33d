import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { connectChain } from '@chorus/chain';
import { createNetwork, generateNetworkKey } from '@chorus/network';
import { ChorusError } from '@chorus/protocol';
import { createHeliaStorage } from '@chorus/storage';
import { type Dataset, loadDataset, readShard } from '@chorus/training';
import writeFileAtomic from 'write-file-atomic';
import { ChorusNode } from './chorus-node.ts';
import type { NodeConfig } from './config.ts';
import type { EventSink } from './events.ts';

/** File of a node's wallet key within its data folder: 0x-prefixed hex, readable by its owner alone. */
export const WALLET_KEY_FILE = 'wallet.key';
const NETWORK_KEY_FILE = 'network.key';

/**
 * The composition root: wires libp2p, IPFS, the chain and local data into a node and starts it.
 *
 * @throws ChorusError `E_WALLET_MISSING`, `E_DATA_UNREADABLE` and the errors of the parts
 */
export async function startNode(config: NodeConfig, emit: EventSink): Promise<ChorusNode> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const privateKey = await readWalletKey(config.dataDir);
  const dataset = await openData(config);
  const chain = await connectChain({
    url: config.chain.url,
    contract: config.chain.contract as `0x${string}`,
    privateKey,
    ...(config.chain.pollMilliseconds ? { pollMilliseconds: config.chain.pollMilliseconds } : {}),
  });
  const network = await createNetwork({
    privateKey: await readNetworkKey(config.dataDir),
    listen: config.network.listen,
    bootstrap: config.network.bootstrap,
  });
  const storage = await createHeliaStorage({
    libp2p: network.libp2p,
    path: join(config.dataDir, 'blocks'),
  });
  const node = new ChorusNode(config, { ports: { chain, network, storage }, dataset, emit });
  await node.start();
  return node;
}

async function openData(config: NodeConfig): Promise<Dataset | null> {
  if (!config.roles.some((role) => role !== 'aggregator')) return null;
  if (config.data === undefined) {
    throw new ChorusError('E_DATA_MISSING', 'a trainer or validator needs data', {
      hint: 'set `data` in the configuration to a folder or shard file',
    });
  }
  const info = await stat(config.data).catch((cause) => {
    throw new ChorusError('E_DATA_UNREADABLE', 'cannot read the data', {
      facts: { path: config.data },
      hint: 'check that the path exists and is readable',
      cause,
    });
  });
  return info.isDirectory() ? loadDataset(config.data) : readShard(config.data);
}

async function readWalletKey(dataDir: string): Promise<`0x${string}`> {
  const path = join(dataDir, WALLET_KEY_FILE);
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new ChorusError('E_WALLET_MISSING', 'the node has no wallet key', {
      facts: { path },
      hint: 'put a 0x-prefixed private key into that file, readable by you alone',
      cause,
    });
  });
  if (!/^0x[0-9a-fA-F]{64}$/.test(text.trim())) {
    throw new ChorusError('E_WALLET_MISSING', 'the wallet key is not 0x-prefixed hex of 32 bytes', {
      facts: { path },
    });
  }
  return text.trim() as `0x${string}`;
}

/** The node's libp2p identity, made on its first start. */
async function readNetworkKey(dataDir: string): Promise<Uint8Array> {
  const path = join(dataDir, NETWORK_KEY_FILE);
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const key = await generateNetworkKey();
    await writeFileAtomic(path, Buffer.from(key), { mode: 0o600 });
    return key;
  }
}
