import type { AgentIdentityDocument, DirectoryList, DirectoryQuery } from '@chorus/admin-api';
import type { Ports } from '@chorus/node';
import { ChorusError, parseSum } from '@chorus/protocol';
import { registryOf } from '../registration/registry-of.ts';
import type { AgentDirectory } from './agent-directory.ts';
import { inspectAgent } from './inspect-agent.ts';
import type { Listings } from './listings.ts';

export interface NetworkAgentsOptions {
  ports: Ports;
  directory: AgentDirectory;
  listings: Listings;
  /** Addresses of the tokens that this node pays with; prices are compared in the first. */
  tokens: readonly string[];
  /** The card of an agent of this node, which cannot call itself; null if it serves none of this name. */
  ownCard: (name: string) => Uint8Array | null;
  signal: AbortSignal;
}

/** The agents of the network, as this node knows them: found by words, and looked up by number. */
export class NetworkAgents {
  readonly #options: NetworkAgentsOptions;

  constructor(options: NetworkAgentsOptions) {
    this.#options = options;
  }

  /**
   * Search the agents that answer.
   * @throws ChorusError `E_AGENT_PRICE` for a bound in a token that this node does not pay with
   */
  async find(query: DirectoryQuery): Promise<DirectoryList> {
    const { ports, directory, tokens } = this.#options;
    const [token = null] = tokens.map((each) => each.toLowerCase());
    const { amountOf, readableTokens } = await import('../payments/price.ts');
    const shown = { token, tokens: await readableTokens(tokens, ports.chain) };
    if (query.maxPrice === undefined) return directory.find(query, { ...shown, most: null });
    const sum = parseSum(query.maxPrice);
    if (!sum) {
      throw new ChorusError('E_AGENT_PRICE', 'this is not a sum', {
        facts: { given: query.maxPrice.slice(0, 100) },
        hint: 'give an amount and its token, such as 0.05 CHOR',
      });
    }
    const { units, token: paidIn } = await amountOf(sum, tokens, ports.chain);
    return directory.find(query, { ...shown, most: { token: paidIn.address, units } });
  }

  /** Look up who an agent is, link by link. */
  async inspect(agentId: bigint): Promise<AgentIdentityDocument> {
    const { ports, listings, tokens, ownCard, signal } = this.#options;
    return inspectAgent(agentId, {
      ports,
      registry: await registryOf(ports.chain),
      ownCard,
      addresses: listings.get(agentId)?.listing?.addresses ?? [],
      tokens,
      signal,
    });
  }

  /**
   * Where an agent is called, by its number.
   * @throws ChorusError `E_AGENT_IDENTITY` if a link of its identity does not hold
   */
  async resolve(agentId: bigint): Promise<string> {
    const { proven, url, links } = await this.inspect(agentId);
    if (proven && url !== null) return url;
    const broken = links.find(({ holds }) => holds !== true);
    throw new ChorusError('E_AGENT_IDENTITY', 'it is not proven who this agent is', {
      facts: { agent: agentId, link: broken?.name, says: broken?.says },
      hint: `see all of it with: chorus agent show ${agentId}`,
    });
  }
}
