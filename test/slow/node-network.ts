import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AdminClient } from '@chorus/admin-api';
import { type Deployment, type Devnet, deployChorus, startDevnet } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import { chorusToken } from '@chorus/contracts';
import { Contract, JsonRpcProvider, Wallet } from 'ethers';
import { expect } from 'vitest';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';
import { kill, startNode, writeHome } from '../e2e/chorus-node.ts';

export interface NodeNetworkOptions<Name extends string> {
  /** In the order in which they start. */
  names: readonly Name[];
  /** Of the contracts, besides chain and key. */
  deployment?: Partial<Parameters<typeof deployChorus>[0]>;
  /** Smallest units of the token that each has at first. */
  tokens: (name: Name) => bigint;
  /** What its configuration has besides chain and network; `bootstrap` is empty for the first. */
  config: (name: Name, deployed: Deployment) => object;
  /** Whether the others connect to the first one. */
  connected?: boolean;
}

/** A development chain and nodes on it, each a process with a wallet and a home of its own, and the commands of their owners. */
export class NodeNetwork<Name extends string> {
  readonly folder: string;
  readonly deployed: Deployment;
  readonly provider: JsonRpcProvider;
  readonly #names: readonly Name[];
  readonly #devnet: Devnet;
  readonly #token: Contract;
  readonly #processes = new Map<Name, ChildProcess>();
  readonly #apis = new Map<Name, AdminClient>();

  private constructor(names: readonly Name[], folder: string, devnet: Devnet, deployed: Deployment) {
    this.#names = names;
    this.folder = folder;
    this.#devnet = devnet;
    this.deployed = deployed;
    const { url, chainId, privateKeys } = devnet;
    this.provider = new JsonRpcProvider(url, chainId, { staticNetwork: true, cacheTimeout: -1 });
    const holder = new Wallet(privateKeys[0]!, this.provider);
    this.#token = new Contract(deployed.token, [...chorusToken.abi], holder);
  }

  /** Resolves when all nodes run. What was started is ended if one cannot be. */
  static async start<Name extends string>(options: NodeNetworkOptions<Name>): Promise<NodeNetwork<Name>> {
    const { names, deployment = {}, tokens, config, connected = false } = options;
    const folder = await mkdtemp(join(tmpdir(), 'chorus-nodes-'));
    const devnet = await startDevnet({ accounts: names.length + 1 });
    const { url, privateKeys } = devnet;
    const keys = { url, privateKey: privateKeys[0]!, verifier: developmentKey() };
    const deployed = await deployChorus({ ...keys, ...deployment }).catch(async (error) => {
      await devnet.close();
      throw error;
    });
    const network = new NodeNetwork(names, folder, devnet, deployed);
    try {
      let bootstrap: string[] = [];
      for (const name of names) {
        if (tokens(name) > 0n) await network.give(name, tokens(name));
        await writeHome(join(folder, name), network.#keyOf(name), {
          chain: { url, contract: deployed.taskManager },
          network: { listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap },
          ...config(name, deployed),
        });
        await network.startNode(name);
        if (connected && bootstrap.length === 0) {
          bootstrap = [(await network.api(name).status()).network.addresses[0]!];
        }
      }
      return network;
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  /** The admin API of a node that runs. */
  api(name: Name): AdminClient {
    return this.#apis.get(name)!;
  }

  addressOf(name: Name): string {
    return new Wallet(this.#keyOf(name)).address;
  }

  balanceOf(account: string): Promise<bigint> {
    return this.#token.getFunction('balanceOf')(account);
  }

  /** Of all nodes, in their order. */
  balances(): Promise<bigint[]> {
    return Promise.all(this.#names.map((name) => this.balanceOf(this.addressOf(name))));
  }

  async give(name: Name, amount: bigint): Promise<void> {
    await (await this.#token.getFunction('transfer')(this.addressOf(name), amount)).wait();
  }

  /** Start a node, or start it again. */
  async startNode(name: Name): Promise<void> {
    const { folder } = this;
    const home = join(folder, name);
    const { api } = await startNode(home, folder, (node) => this.#processes.set(name, node));
    this.#apis.set(name, api);
  }

  /** `kill -9`; resolves when its process has ended. */
  kill(name: Name): Promise<void> {
    return kill(this.#processes.get(name)!);
  }

  /** Run a command of a node's owner, with `--json`. */
  run(of: Name, ...args: string[]) {
    const { folder } = this;
    const env = { ...process.env, HOME: folder, CHORUS_HOME: join(folder, of) };
    return runChorus([...args, '--json'], { cwd: folder, env });
  }

  /** Run a command that succeeds; its JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: what a command prints is what is tested
  async as(of: Name, ...args: string[]): Promise<any> {
    const { code, stdout, stderr } = await this.run(of, ...args);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  }

  /** Time of the chain. */
  async passTime(seconds: number): Promise<void> {
    await this.provider.send('evm_increaseTime', [seconds]);
    await this.provider.send('evm_mine', []);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#processes.values()].map(kill));
    this.provider.destroy();
    await this.#devnet.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  #keyOf(name: Name) {
    return this.#devnet.privateKeys[1 + this.#names.indexOf(name)]!;
  }
}
