import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AnyEvent,
  type ChorusNode,
  createNode,
  defineConfig,
  parseConfig,
  readNodeKey,
  writeNewNodeKey,
} from '@chorus/node';
import { MemoryChain, MemoryLedger } from '../../../../test/twins/chain.ts';
import { MemoryHub } from '../../../../test/twins/network.ts';
import { MemorySwarm } from '../../../../test/twins/storage.ts';
import { type Agents, agents } from '../../../service-agents/src/agents.ts';
import { AGENTS_SECTION } from '../../../service-agents/src/config/agents-config.ts';
import { MARKET_SECTION } from '../../../service-market/src/config/market-config.ts';
import { type Market, market } from '../../../service-market/src/market.ts';
import { OFFERS_SECTION } from '../config/offers-config.ts';
import { type Offers, offers } from '../offers.ts';

export type TradingNode = ChorusNode<{ agents: Agents; market: Market; offers: Offers }>;

/** Nodes that trade, on one chain, one wire and one storage in memory. */
export class TradingNodes {
  readonly ledger = new MemoryLedger();
  readonly hub = new MemoryHub();
  readonly swarm = new MemorySwarm();
  readonly events: AnyEvent[] = [];
  readonly folder: string;
  readonly #nodes = new Map<number, TradingNode>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<TradingNodes> {
    return new TradingNodes(await mkdtemp(join(tmpdir(), 'chorus-offers-')));
  }

  /** Node number `n`, with money, connected with all others; again with the same number, it is that node after a restart. */
  async start(n: number, config: object = {}): Promise<TradingNode> {
    const before = this.#nodes.get(n);
    await before?.close();
    const dataDir = join(this.folder, `node-${n}`);
    await mkdir(dataDir, { recursive: true });
    const { peerId } = (await readNodeKey(dataDir)) ?? (await writeNewNodeKey(dataDir));
    const { token, contract } = this.ledger;
    const chain = new MemoryChain(this.ledger, `0x${n.toString(16).padStart(64, '0')}`);
    if (!before) this.ledger.mint(token, chain.account, 1_000_000n);
    const values = {
      dataDir,
      chain: { url: 'http://127.0.0.1:1', contract },
      agents: { tokens: [token] },
      market: { checkSeconds: 3_600 },
      offers: { checkSeconds: 1 },
      ...config,
    };
    const sections = defineConfig([AGENTS_SECTION, MARKET_SECTION, OFFERS_SECTION]);
    const node = await createNode({
      config: parseConfig(sections, values, 'test') as never,
      services: { agents: agents(), market: market(), offers: offers() },
      emit: (event) => this.events.push(event),
      ports: { chain, network: this.hub.create(peerId), storage: this.swarm.create() },
    });
    this.#nodes.set(n, node);
    for (const other of this.#nodes.values()) {
      if (other !== node) this.hub.link(peerId, other.ports.network.peerId);
    }
    return node;
  }

  /** Serve an agent on a node and register it. @returns its number */
  async serve(node: TradingNode, name: string, url: string, more: string): Promise<string> {
    const file = join(this.folder, `${name}.yaml`);
    const head = `chorus: agent/1\nname: ${name}\nmodel: { openai: { url: "${url}", name: m } }\n`;
    await writeFile(file, head + more);
    await node.services.agents.startAgent({ file });
    const { agentId } = await node.services.agents.registerAgent(name);
    return agentId!;
  }

  /** As after a crash: the node is gone, and says nothing. */
  async end(n: number): Promise<void> {
    const node = this.#nodes.get(n);
    this.#nodes.delete(n);
    await node?.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.close()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Resolves when `holds` does; the test's time limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
