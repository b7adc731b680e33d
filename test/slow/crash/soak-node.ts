import { existsSync } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createNetwork, type LibP2pNetwork } from '@chorus/network';
import { type Log, openLog, writeNewNodeKey } from '@chorus/node';
import type { ChainPort } from '@chorus/protocol';
import {
  NODE_EVENTS,
  type NodeEvent,
  OWN_NETWORK,
  type Proving,
  parseConfig,
  startNode,
  type TrainingNode,
} from '@chorus/service-training';
import { createHeliaStorage } from '@chorus/storage';
import type { Dataset } from '@chorus/training';

/** Bounds that the soak test holds a node to. */
export const SOAK_LIMITS = { blocks: 400 * 1024, log: 64 * 1024, logFiles: 3, transferMilliseconds: 10_000 };

export interface SoakOptions {
  name: string;
  folder: string;
  chain: ChainPort;
  roles: ('trainer' | 'validator' | 'aggregator')[];
  dataset: Dataset | null;
  proving: Proving;
  bootstrap: string[];
  seed: number;
  onEvent: (event: NodeEvent) => void;
}

/** A node with everything real but the chain: libp2p, Helia on disk, journal, log. */
export class SoakNode {
  readonly name: string;
  readonly node: TrainingNode;
  readonly network: LibP2pNetwork;
  readonly folder: string;
  readonly #log: Log;

  private constructor({ name, folder }: SoakOptions, node: TrainingNode, network: LibP2pNetwork, log: Log) {
    this.name = name;
    this.folder = join(folder, name);
    this.node = node;
    this.network = network;
    this.#log = log;
  }

  static async start(options: SoakOptions): Promise<SoakNode> {
    const { name, chain, roles, dataset, proving, bootstrap, seed, onEvent } = options;
    const dataDir = join(options.folder, name);
    const config = parseConfig(
      {
        dataDir,
        roles,
        chain: { url: 'http://127.0.0.1:1', contract: chain.contract },
        seed,
        ...OWN_NETWORK,
        admin: { enabled: false },
        log: { level: 'debug', format: 'json', maxBytes: SOAK_LIMITS.log, maxFiles: SOAK_LIMITS.logFiles },
      },
      name,
    );
    const log = await openLog({
      config: config.log,
      dataDir,
      catalogue: NODE_EVENTS,
      output: new Writable({ write: (_chunk, _encoding, done) => done() }),
    });
    await mkdir(dataDir, { recursive: true });
    const nodeKey = await writeNewNodeKey(dataDir);
    const network = await createNetwork({ bootstrap, privateKey: nodeKey.bytes });
    const storage = await createHeliaStorage({
      libp2p: network.libp2p,
      path: join(dataDir, 'blocks'),
      limit: { maxBytes: SOAK_LIMITS.blocks, keep: () => [] },
      // Each message leaves its timeout behind for this long: with the usual three minutes the rounds of that time
      // would be seen in the heap, and not what stays.
      transferTimeoutMs: SOAK_LIMITS.transferMilliseconds,
    });
    const emit = (event: NodeEvent) => {
      log.sink(event);
      onEvent(event);
    };
    const node = await startNode(config, emit, { ports: { chain, network, storage }, proving, dataset });
    return new SoakNode(options, node, network, log);
  }

  /** Bytes and files under a folder of the node's, 0 if it does not exist. */
  async usage(...path: string[]): Promise<{ bytes: number; files: number }> {
    const root = join(this.folder, ...path);
    const total = { bytes: 0, files: 0 };
    if (!existsSync(root)) return total;
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      // A file may go while it is looked for.
      const size = await stat(join(entry.parentPath, entry.name)).catch(() => null);
      total.bytes += size?.size ?? 0;
      total.files++;
    }
    return total;
  }

  async close(): Promise<void> {
    await this.node.close();
    await this.#log.close();
  }
}
