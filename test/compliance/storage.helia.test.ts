import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetwork, type LibP2pNetwork } from '@chorus/network';
import { createHeliaStorage } from '@chorus/storage';
import { describeStorage, type StorageFactory } from './storage.ts';

/** Every node knows the first one's address and is connected to all. */
const swarm =
  (onDisk: boolean): StorageFactory =>
  async (count) => {
    const networks: LibP2pNetwork[] = [];
    const folder = onDisk ? await mkdtemp(join(tmpdir(), 'chorus-storage-')) : undefined;
    for (let i = 0; i < count; i++) {
      const network = await createNetwork();
      for (const other of networks) await network.connect(other.multiaddrs()[0]!);
      networks.push(network);
    }
    const nodes = await Promise.all(
      networks.map(async ({ libp2p, peerId }, i) => ({
        peerId,
        storage: await createHeliaStorage(folder ? { libp2p, path: join(folder, `${i}`) } : { libp2p }),
      })),
    );
    const close = async () => {
      await Promise.all(networks.map((network) => network.close()));
      if (folder) await rm(folder, { recursive: true });
    };
    return { nodes, close };
  };

describeStorage('bitswap between nodes, blocks in memory', swarm(false));
describeStorage('bitswap between nodes, blocks on disk', swarm(true));
