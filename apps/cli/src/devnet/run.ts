import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startDevnet } from '@chorus/chain';
import { CONFIG_FILE } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import { NodeProcess } from '../demo/processes.ts';
import { type DevnetDescriptor, findDevnet, writeDevnet } from './descriptor.ts';
import { fundAccount } from './fund.ts';
import {
  CHAIN_FILE,
  type DevnetPlan,
  freePorts,
  homeIn,
  layOut,
  parsePlan,
  planFile,
  SAMPLE_FILE,
} from './layout.ts';

/** Delay before a node that ended by itself starts again, and how often in a row. */
const RESTART_MILLISECONDS = 1_000;
const RESTARTS = 5;
/** A node that ran this long counts as started well. */
const STABLE_MILLISECONDS = 60_000;

export interface RunOptions {
  folder: string;
  /** Only for a new devnet; an existing one keeps its own. */
  nodes: number;
  onStep: (text: string) => void;
  signal: AbortSignal;
}

/**
 * Run a devnet until the signal aborts: the chain, and every node as a process of its own. An existing devnet
 * continues from its state in the folder.
 *
 * @returns once everything has ended again
 */
export async function runDevnet({ folder, nodes, onStep, signal }: RunOptions): Promise<void> {
  if ((await findDevnet(folder))?.pid) {
    throw new ChorusError('E_NODE_BUSY', 'the devnet is up already', { facts: { folder } });
  }
  await makeFolder(folder, 0o700);
  const known = existsSync(planFile(folder)) ? parsePlan(await readFile(planFile(folder), 'utf8')) : null;
  onStep('starting the chain');
  // A chain without its plan is left from a first start that failed early.
  if (!known)
    for (const name of [CHAIN_FILE, 'deployment.json', 'nodes', 'samples'])
      await rm(join(folder, name), { recursive: true, force: true });
  const port = known?.port ?? (await freePorts(1))[0]!;
  const accounts = (known?.nodes.length ?? nodes) + 1;
  const chain = await startDevnet({ port, accounts, stateFile: join(folder, CHAIN_FILE) });
  const keepers: NodeKeeper[] = [];
  let descriptor: DevnetDescriptor | null = null;
  try {
    if (!known) onStep('deploying the contracts, making the nodes');
    const plan = known ?? (await layOut({ folder, nodes, url: chain.url, port }));
    signal.throwIfAborted();
    onStep(`starting ${plan.nodes.length} nodes`);
    keepers.push(
      ...plan.nodes.map(({ name }) => new NodeKeeper(name, join(homeIn(folder, name), CONFIG_FILE), onStep)),
    );
    const ready = await Promise.all(keepers.map((keeper) => keeper.ready()));
    descriptor = describe(folder, chain.url, plan, ready);
    if (!known) for (const { address } of ready) await fundAccount(descriptor, address);
    signal.throwIfAborted();
    await writeDevnet(folder, descriptor);
    onStep('up');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    onStep('ending');
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await Promise.allSettled(keepers.map((keeper) => keeper.stop()));
    await chain.close();
    if (descriptor) await writeDevnet(folder, { ...descriptor, pid: null });
  }
}

type Ready = Awaited<NodeProcess['ready']>;

function describe(folder: string, rpc: string, plan: DevnetPlan, ready: Ready[]): DevnetDescriptor {
  return {
    version: 1,
    chainId: plan.deployment.chainId,
    rpc,
    deployment: { ...plan.deployment },
    bootstrap: plan.nodes.map(({ multiaddr }) => multiaddr),
    nodes: plan.nodes.map(({ name, roles }, i) => ({
      name,
      roles,
      address: ready[i]!.address,
      peerId: ready[i]!.peerId,
      home: homeIn(folder, name),
    })),
    sampleData: join(folder, SAMPLE_FILE),
    pid: process.pid,
  };
}

/** Keeps one node running. */
class NodeKeeper {
  readonly #name: string;
  readonly #onStep: (text: string) => void;
  readonly #process: NodeProcess;
  #stopping = false;
  readonly #keeping: Promise<void>;

  constructor(name: string, configFile: string, onStep: (text: string) => void) {
    this.#name = name;
    this.#onStep = onStep;
    this.#process = NodeProcess.open(name, configFile, () => {});
    this.#keeping = this.#keep();
  }

  ready(): Promise<Ready> {
    return this.#process.ready;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#process.stop();
    await this.#keeping;
  }

  async #keep(): Promise<void> {
    // `ready` reports a first start that fails.
    if (
      await this.#process.ready.then(
        () => false,
        () => true,
      )
    )
      return;
    for (let failures = 0; failures < RESTARTS; ) {
      const since = Date.now();
      await this.#process.ended();
      if (this.#stopping) return;
      failures = Date.now() - since > STABLE_MILLISECONDS ? 1 : failures + 1;
      this.#onStep(`${this.#name} ended by itself, starting it again`);
      await delay(RESTART_MILLISECONDS);
      if (this.#stopping) return;
      await this.#process.restart().catch((error: Error) => this.#onStep(`${this.#name}: ${error.message}`));
    }
    this.#onStep(
      `${this.#name} ended ${RESTARTS} times in a row and is not started again; see chorus logs --home`,
    );
  }
}
