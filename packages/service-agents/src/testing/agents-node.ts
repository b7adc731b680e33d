import { writeFile } from 'node:fs/promises';
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
import type { MemoryHub } from '../../../../test/twins/network.ts';
import { MemorySwarm } from '../../../../test/twins/storage.ts';
import { type Agents, agents } from '../agents.ts';
import { AGENTS_SECTION, type AgentsNodeConfig } from '../config/agents-config.ts';

export type AgentsNode = ChorusNode<{ agents: Agents }>;

/** The chain and the storage of nodes that know each other. */
export class AgentsWorld {
  readonly ledger: MemoryLedger;
  readonly swarm = new MemorySwarm();

  constructor(ledger = new MemoryLedger()) {
    this.ledger = ledger;
  }
}

/**
 * A node with the agents service alone, on memory; again with the same folder, it is that node after a restart.
 * @param config besides folder and chain
 * @param account the number of its account; nodes of one world need different ones
 */
export async function startAgentsNode(
  folder: string,
  hub: MemoryHub,
  config: object = {},
  emit: (event: AnyEvent) => void = () => {},
  { ledger, swarm }: AgentsWorld = new AgentsWorld(),
  account = 1,
): Promise<AgentsNode> {
  const { peerId } = (await readNodeKey(folder)) ?? (await writeNewNodeKey(folder));
  const chain = { url: 'http://127.0.0.1:1', contract: ledger.contract };
  return createNode({
    config: parseConfig(
      defineConfig([AGENTS_SECTION]),
      { dataDir: folder, chain, ...config },
      'test',
    ) as AgentsNodeConfig,
    services: { agents: agents() },
    emit,
    ports: {
      chain: new MemoryChain(ledger, `0x${account.toString(16).padStart(64, '0')}`),
      network: hub.create(peerId),
      storage: swarm.create(),
    },
  });
}

/** An agent file for an endpoint; returns its path. */
export async function chatFile(
  folder: string,
  url: string,
  name: string,
  { scenario = 'echo', more = '' } = {},
): Promise<string> {
  const file = join(folder, `${name}.yaml`);
  await writeFile(
    file,
    `chorus: agent/1\nname: ${name}\nmodel: { openai: { url: "${url}", name: ${scenario} } }\n${more}`,
  );
  return file;
}

/** Resolves when `holds` does; the test's time limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}
