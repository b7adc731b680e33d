import { CARD_PATH } from '@chorus/a2a';
import type { RegistrationDocument } from '@chorus/admin-api';
import {
  type AgentRegistry,
  MAX_REGISTRATION_BYTES,
  placeOf,
  type RegistrationFacts,
  registrationFile,
  registrationUriOf,
  retiredFile,
} from '@chorus/directory';
import type { Ports } from '@chorus/node';
import { ChorusError, type Hex, type RegistrationCost, sameAddress, type TillTerms } from '@chorus/protocol';
import pLimit from 'p-limit';
import { isReachable } from './reachable.ts';
import type { Registrations } from './registrations.ts';
import { registryOf } from './registry-of.ts';
import { agreeTerms, requireTills } from './till-terms.ts';

/** A file of this node's own, ms. */
const READ_MILLISECONDS = 10_000;

/** An agent that answers, as far as its registration says something of it. */
export interface RegistrableAgent {
  agent: {
    name: string;
    title: string;
    description: string;
    price: object | null;
    share: TillTerms | null;
    offers: { offers: readonly object[] };
  };
  /** Bases of its card. */
  urls: { http: string | null; libp2p: string };
  /** Of the key that signs its card. */
  did: string;
}

export interface RegistrarOptions {
  ports: Ports;
  records: Registrations;
}

/**
 * Gives the node's agents identities in the ERC-8004 registry. Every step can be repeated: what was done already is
 * found on chain, and not paid for again.
 */
export class Registrar {
  readonly #ports: Ports;
  readonly #records: Registrations;
  /** Two at a time could register one agent twice. */
  readonly #alone = pLimit(1);

  constructor({ ports, records }: RegistrarOptions) {
    this.#ports = ports;
    this.#records = records;
  }

  /**
   * Register an agent, or bring what is registered of it up to date.
   * @param options `dryRun`: only say what it would cost
   * @throws ChorusError of the chain and of storage
   */
  register(
    served: RegistrableAgent,
    { dryRun = false }: { dryRun?: boolean } = {},
  ): Promise<RegistrationDocument> {
    return this.#alone(() => this.#register(served, { dryRun }));
  }

  /**
   * Say on chain that an agent is no longer served. Its identity stays: `register` brings it back.
   * @throws ChorusError `E_AGENT_UNREGISTERED`, and those of the chain and of storage
   */
  retire(name: string): Promise<RegistrationDocument> {
    return this.#alone(() => this.#retire(name));
  }

  async #register(served: RegistrableAgent, { dryRun }: { dryRun: boolean }): Promise<RegistrationDocument> {
    const { chain, storage, network } = this.#ports;
    const { name, share } = served.agent;
    const place = placeOf(network.peerId, name);
    const registry = await registryOf(chain);
    const known = await this.#known(name);
    const fileFor = (agentId: bigint) => registrationFile(factsOf(served, registry, agentId));
    if (dryRun) {
      const uri = registrationUriOf(await storage.cidOf(fileFor(known ?? 0n)));
      const isDone = known !== null && (await chain.registeredAgent(known))?.uri === uri;
      const cost = isDone ? { gas: 0n, wei: 0n } : await chain.registrationCost(place, uri, known);
      return document(name, registry, { agentId: known, uri: known === null ? null : uri, cost });
    }
    if (share) await requireTills(chain);
    const transactions: Hex[] = [];
    let agentId = known;
    if (agentId === null) {
      const registered = await chain.registerAgent(place);
      agentId = registered.agentId;
      transactions.push(registered.transaction);
    }
    const { uri, transaction } = await this.#publish(name, registry, agentId, fileFor(agentId), false);
    if (transaction) transactions.push(transaction);
    const till = share && (await agreeTerms(agentId, share, chain));
    transactions.push(...(till?.transactions ?? []));
    return document(name, registry, { agentId, uri, transactions, till: till?.document ?? null });
  }

  async #retire(name: string): Promise<RegistrationDocument> {
    const { storage } = this.#ports;
    const record = this.#records.get(name);
    const agentId = await this.#known(name);
    if (record?.cid == null || agentId === null) {
      throw new ChorusError('E_AGENT_UNREGISTERED', 'the agent has no identity on chain', {
        facts: { agent: name },
        hint: 'there is nothing to retire; to end an agent: chorus agent stop',
      });
    }
    const options = { maxBytes: MAX_REGISTRATION_BYTES, timeoutMs: READ_MILLISECONDS };
    const file = retiredFile(await storage.get(record.cid, options));
    const registry = await registryOf(this.#ports.chain);
    const { uri, transaction } = await this.#publish(name, registry, agentId, file, true);
    return document(name, registry, { agentId, uri, transactions: transaction ? [transaction] : [] });
  }

  /** Store the registration file, then name it on chain: no reader finds a URI that leads nowhere. */
  async #publish(
    name: string,
    { address }: AgentRegistry,
    agentId: bigint,
    file: Uint8Array,
    retired: boolean,
  ): Promise<{ uri: string; transaction: Hex | null }> {
    const { chain, storage } = this.#ports;
    const before = this.#records.get(name)?.cid ?? null;
    const record = { name, agentId, registry: address, retired };
    this.#records.put({ ...record, cid: before });
    const cid = await storage.put(file);
    this.#records.put({ ...record, cid });
    const uri = registrationUriOf(cid);
    const isNamed = (await chain.registeredAgent(agentId))?.uri === uri;
    const transaction = isNamed ? null : (await chain.setAgentUri(agentId, uri)).transaction;
    if (before !== null && before !== cid) await storage.remove(before);
    return { uri, transaction };
  }

  /** The identity of an agent that this account still owns, and that names this place; null if it has none. */
  async #known(name: string): Promise<bigint | null> {
    const { chain, network } = this.#ports;
    const place = placeOf(network.peerId, name);
    const record = this.#records.get(name);
    if (record) {
      const found = await chain.registeredAgent(record.agentId);
      if (found && sameAddress(found.owner, chain.account) && found.place === place) return record.agentId;
    }
    return chain.agentAt(place);
  }
}

function factsOf(served: RegistrableAgent, registry: AgentRegistry, agentId: bigint): RegistrationFacts {
  const { agent, urls, did } = served;
  const http = urls.http !== null && isReachable(urls.http) ? urls.http : null;
  return {
    name: agent.title,
    description: agent.description,
    registry,
    agentId,
    did,
    libp2pCard: new URL(CARD_PATH, urls.libp2p).href,
    httpCard: http === null ? null : new URL(CARD_PATH, http).href,
    mcp: http === null ? null : new URL('mcp', http).href,
    x402: agent.price !== null,
    offers: agent.offers.offers.length > 0,
  };
}

function document(
  agent: string,
  registry: AgentRegistry,
  done: {
    agentId: bigint | null;
    uri: string | null;
    cost?: RegistrationCost;
    transactions?: Hex[];
    till?: RegistrationDocument['till'];
  },
): RegistrationDocument {
  const { agentId, uri, cost, transactions = [], till = null } = done;
  return {
    agent,
    registry: { chainId: registry.chainId, address: registry.address },
    agentId: agentId === null ? null : agentId.toString(),
    uri,
    cost: cost ? { gas: cost.gas.toString(), wei: cost.wei.toString() } : null,
    transactions,
    till,
  };
}
