import type { Components } from '@chorus/node';
import { type Engine, explain } from '@chorus/protocol';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import type { AgentsEvent } from '../events/agent-events.ts';
import type { Hiring } from '../open/call-agent.ts';
import type { LoadedAgent } from '../open/load-agent.ts';
import { openEngine } from '../open/open-engine.ts';
import { type OpenedResources, openResources } from '../open/open-resources.ts';
import { offersOf } from '../payments/offers-of.ts';
import { amountOf } from '../payments/price.ts';
import type { Selling } from '../payments/selling.ts';
import { agentFolder } from '../serve/agent-folder.ts';
import { inspectingWith } from './node-inspection.ts';

/** The model of an agent, and what it has besides. */
export interface OpenedAgent {
  engine: Engine;
  resources: OpenedResources;
  close(): Promise<void>;
}

export interface OpenOnNodeOptions {
  /** Of the agent in addresses. */
  name: string;
  /** What it needs to ask other agents. */
  hiring: Hiring;
  /** As of `openResources`. */
  accept: 'first' | 'all';
  signal: AbortSignal;
}

/** Opens an agent with the node's own ports: all of it, or nothing. */
export async function openOnNode(
  loaded: LoadedAgent,
  { config, ports, emit }: Pick<Components<AgentsNodeConfig>, 'config' | 'ports' | 'emit'>,
  { name, hiring, accept, signal }: OpenOnNodeOptions,
): Promise<OpenedAgent> {
  const engine = await openEngine(loaded, {
    inspect: (work) => inspectingWith(ports, config.chain.url, signal, work),
    hiring,
    signal,
  });
  try {
    const resources = await openResources(loaded, {
      state: agentFolder(config.dataDir, name),
      accept,
      signal,
      onError: (error) => emit<AgentsEvent>({ type: 'agents.documents', agent: name, ...explain(error) }),
    });
    const close = async () => void (await Promise.all([engine.close(), resources.close()]));
    return { engine, resources, close };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** What a call costs, and who takes the payment; null if it costs nothing. */
export async function priceOnNode(
  { definition: { price } }: LoadedAgent,
  { config, ports: { chain } }: Pick<Components<AgentsNodeConfig>, 'config' | 'ports'>,
  selling: () => Promise<Selling>,
) {
  if (price === null) return null;
  const amount = await amountOf(price, config.agents.tokens, chain);
  return { price: amount, selling: await selling(), chain };
}

/** The standing offers of an agent, with exact prices. @throws ChorusError `E_AGENT_PRICE`; of the chain */
export function offersOnNode(
  { definition: { offers } }: LoadedAgent,
  { config, ports: { chain } }: Pick<Components<AgentsNodeConfig>, 'config' | 'ports'>,
) {
  return offersOf(offers, config.agents.tokens, chain);
}
