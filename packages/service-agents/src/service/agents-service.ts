import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { CallEvent } from '@chorus/a2a';
import type {
  AgentDocument,
  AgentIdentityDocument,
  AgentList,
  AgentMemory,
  AgentStartRequest,
  DirectoryList,
  DirectoryQuery,
  Forgotten,
  MemoryQuery,
  RegistrationDocument,
  Status,
} from '@chorus/admin-api';
import type { Components, Service } from '@chorus/node';
import { type Address, type AgentMessage, ChorusError, explain, type Sum } from '@chorus/protocol';
import pLimit from 'p-limit';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import { AgentDirectory } from '../directory/agent-directory.ts';
import { Listings } from '../directory/listings.ts';
import { NetworkAgents } from '../directory/network-agents.ts';
import type { AgentsEvent, Outcome } from '../events/agent-events.ts';
import type { Hiring, PaidCall } from '../open/call-agent.ts';
import { NodePayments } from '../payments/node-payments.ts';
import type { PaymentsSource } from '../payments/source.ts';
import type { Registrar } from '../registration/registrar.ts';
import { Registrations } from '../registration/registrations.ts';
import { registryOf } from '../registration/registry-of.ts';
import type { NodeRevenue } from '../revenue/index.ts';
import { agentFolder } from '../serve/agent-folder.ts';
import { agentName } from '../serve/agent-name.ts';
import { AGENTS_PATH, pathOf, readPath } from '../serve/agent-path.ts';
import type { PublishedAgent } from '../serve/well-known.ts';
import { type AgentRecord, AgentRecords } from '../store/agent-records.ts';
import { AgentSlot } from './agent-slot.ts';
import { refusal } from './refusal.ts';
import type { CallableAgent } from './served-agent.ts';

/** Agents that are opened at a time when the node starts. */
const OPENED_AT_ONCE = 2;

/**
 * The agents that a node serves: each a model of its own behind one path, on libp2p and at the gateway. Those that the
 * owner started are served again after a restart.
 */
export class AgentsService implements Service {
  readonly #components: Components<AgentsNodeConfig>;
  readonly #records: AgentRecords;
  readonly #registrations: Registrations;
  #registrar: Promise<Registrar> | null = null;
  readonly #directory: AgentDirectory;
  readonly #network: NetworkAgents;
  readonly #payments: NodePayments;
  readonly #slots = new Map<string, AgentSlot>();
  readonly #stopping = new AbortController();
  #stopServing: (() => void) | null = null;
  #opening: Promise<unknown> = Promise.resolve();

  constructor(components: Components<AgentsNodeConfig>) {
    this.#components = components;
    const { store, ports, keySeed, config, signal } = components;
    this.#records = new AgentRecords(store);
    this.#registrations = new Registrations(store);
    this.#payments = new NodePayments(components);
    const listings = new Listings(store);
    this.#directory = new AgentDirectory({
      ports,
      keySeed,
      listings,
      registry: () => registryOf(ports.chain),
      own: () => this.#announced(),
      listens: config.agents.directory,
      onError: (error) =>
        components.emit<AgentsEvent>({ type: 'agents.directory-failed', ...explain(error) }),
      signal: AbortSignal.any([signal, this.#stopping.signal]),
    });
    this.#network = new NetworkAgents({
      ports,
      directory: this.#directory,
      listings,
      tokens: config.agents.tokens,
      ownCard: (name) => this.#slots.get(name)?.served?.card ?? null,
      signal,
    });
  }

  /** The models of kept agents are opened while the node runs. */
  start(): void {
    const open = pLimit(OPENED_AT_ONCE);
    this.#opening = Promise.all(
      this.#records.all().map((record) => {
        const slot = this.#slot(record);
        return open(() => slot.keepOpening());
      }),
    );
    this.#directory.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#directory.stop();
    this.#stopServing?.();
    await Promise.all([...this.#slots.values()].map((slot) => slot.close()));
    await this.#opening;
  }

  async status(): Promise<Pick<Status, 'agents'>> {
    return { agents: this.list().agents.map(({ name, state }) => ({ name, state })) };
  }

  /** Registration files: others read them from this node. */
  pinned(): string[] {
    return this.#registrations.all().flatMap(({ cid }) => cid ?? []);
  }

  /** Every agent, in the order they were started. */
  list(): AgentList {
    return { agents: [...this.#slots.values()].map((slot) => slot.document()) };
  }

  /** @throws ChorusError `E_AGENT_UNKNOWN` */
  show(name: string): AgentDocument {
    return this.#find(name).document();
  }

  /**
   * Serve the agent of a file from now on; one that is served already from that file is opened again. Resolves when
   * others can call it; if that fails, nothing has changed.
   *
   * @throws ChorusError `E_AGENT_FILE`, `E_AGENT_SECRET`, `E_AGENT_NAME`, `E_AGENT_EXISTS`, `E_AGENT_LIMIT`,
   *   `E_AGENT_CHANGING`, `E_LIMIT_MEMORY`, `E_TOOL_DRIFT`, and why a model or a tool server cannot be used
   */
  async startAgent({ file, name: given, acceptTools = false }: AgentStartRequest): Promise<AgentDocument> {
    const { loadAgent } = await import('../open/load-agent.ts');
    const loaded = loadAgent(file);
    const { definition, path } = loaded;
    const name = agentName(definition.name, given);
    const accept = acceptTools ? 'all' : 'first';
    const present = this.#slots.get(name);
    if (present) {
      if (present.record.file !== path) throw exists(name, present.record.file);
      await present.reopen(loaded, accept);
      this.#directory.wake();
      return present.document();
    }
    const { most } = this.#components.config.agents;
    if (this.#slots.size >= most) {
      throw new ChorusError('E_AGENT_LIMIT', 'this node serves as many agents as it may', {
        facts: { most },
        hint: 'stop one with `chorus agent stop`, or raise agents.most',
      });
    }
    const slot = this.#slot({ name, file: path, added: Date.now() });
    try {
      await slot.reopen(loaded, accept);
      if (this.#slots.get(name) !== slot) throw new ChorusError('E_AGENT_CLOSED', 'the agent was stopped');
    } catch (error) {
      this.#drop(slot);
      await slot.close();
      throw error;
    }
    this.#records.put(slot.record);
    this.#directory.wake();
    return slot.document();
  }

  /**
   * What an agent has noted of its callers; also of one that was stopped.
   * @throws ChorusError `E_AGENT_UNKNOWN`
   */
  async memory(name: string, query: MemoryQuery): Promise<AgentMemory> {
    const { readMemory } = await import('../open/memory.ts');
    return readMemory(await this.#stateOf(name), query);
  }

  /**
   * Delete what an agent has noted of a caller, or of all.
   * @throws ChorusError `E_AGENT_UNKNOWN`
   */
  async forgetMemory(name: string, query: MemoryQuery): Promise<Forgotten> {
    const { forgetMemory } = await import('../open/memory.ts');
    return forgetMemory(await this.#stateOf(name), query);
  }

  /** The folder of what an agent keeps, which is left when it is stopped. */
  async #stateOf(name: string): Promise<string> {
    const folder = agentFolder(this.#components.config.dataDir, name);
    if (!this.#slots.has(name) && !existsSync(folder)) this.#find(name);
    return folder;
  }

  /**
   * End an agent; it is not served again after a restart. Its tasks stay in the node's folder.
   * @throws ChorusError `E_AGENT_UNKNOWN`
   */
  async stopAgent(name: string): Promise<void> {
    const slot = this.#find(name);
    this.#records.remove(name);
    this.#drop(slot);
    await slot.close();
    this.#directory.wake();
    this.#components.emit<AgentsEvent>({ type: 'agents.stopped', agent: name });
  }

  /**
   * Give an agent its identity on chain, or bring that up to date: others can find it from then on. Can be repeated
   * after any failure.
   * @param options `dryRun`: only say what it would cost
   * @throws ChorusError `E_AGENT_UNKNOWN`, `E_AGENT_NOT_SERVED`, and those of the chain
   */
  async registerAgent(name: string, options: { dryRun?: boolean } = {}): Promise<RegistrationDocument> {
    const slot = this.#find(name);
    if (!slot.served) {
      throw new ChorusError('E_AGENT_NOT_SERVED', 'an agent that does not answer is not registered', {
        facts: { agent: name },
        hint: 'chorus agent show says why it is not served',
      });
    }
    const registered = await (await this.#registering()).register(slot.served, options);
    if (!options.dryRun) await this.#identityChanged(name);
    return registered;
  }

  /**
   * Say on chain that an agent is no longer served, and announce it no more. It still answers, and can be
   * registered again.
   * @throws ChorusError `E_AGENT_UNREGISTERED`, and those of the chain
   */
  async retireAgent(name: string): Promise<RegistrationDocument> {
    const retired = await (await this.#registering()).retire(name);
    await this.#identityChanged(name);
    return retired;
  }

  /** Loaded with the first registration: a node without agents holds nothing of A2A. */
  #registering(): Promise<Registrar> {
    const { ports } = this.#components;
    this.#registrar ??= import('../registration/registrar.ts').then(
      ({ Registrar }) => new Registrar({ ports, records: this.#registrations }),
    );
    return this.#registrar;
  }

  async #identityChanged(name: string): Promise<void> {
    await this.#slots.get(name)?.identityChanged();
    this.#directory.wake();
  }

  /**
   * Search the agents of the network.
   * @throws ChorusError `E_AGENT_PRICE` for a bound in a token that this node does not pay with
   */
  findAgents(query: DirectoryQuery): Promise<DirectoryList> {
    return this.#network.find(query);
  }

  /** Agents of the network that can be found now. */
  get found(): number {
    return this.#directory.size;
  }

  /** Look up who an agent of the network is. */
  inspectAgent(agentId: bigint): Promise<AgentIdentityDocument> {
    return this.#network.inspect(agentId);
  }

  /** Agents that may be announced. */
  #announced() {
    return this.#registrations.all().flatMap(({ name, agentId, retired, cid }) => {
      const card = this.#slots.get(name)?.served?.card;
      return card && !retired && cid !== null ? [{ name, agentId, card }] : [];
    });
  }

  /**
   * Answer a stranger's request to an agent.
   * @param peer proven by the connection; undefined for HTTP
   */
  async answer(request: Request, peer?: string): Promise<Response> {
    const url = new URL(request.url);
    const asked = readPath(url.pathname);
    if (asked === 'list') return Response.json(this.#served());
    const slot = asked === null ? undefined : this.#slots.get(asked.agent);
    if (asked === null || !slot) {
      return refusal(
        new ChorusError('E_AGENT_UNKNOWN', 'no agent is served here', {
          hint: `the agents of this node are listed at ${AGENTS_PATH}`,
        }),
      );
    }
    const below = new URL(asked.rest + url.search, url.origin);
    const caller = peer === undefined ? 'anonymous' : `peer:${peer}`;
    return this.paid(request, caller, (again) => slot.answer(new Request(below, again), peer));
  }

  /** Answer a request that may be for an agent with a price: what it does is done only if it is paid. */
  paid(request: Request, caller: string, answer: (request: Request) => Promise<Response>): Promise<Response> {
    return this.#payments.serve(request, caller, answer);
  }

  /** What was paid, both ways. */
  payments(): Promise<PaymentsSource> {
    return this.#payments.source();
  }

  /** What agents, royalties and units bring to the wallet. */
  async revenue(): Promise<NodeRevenue> {
    // Loaded with the first request.
    const [{ NodeRevenue }, { Holdings }] = await Promise.all([
      import('../revenue/node-revenue.ts'),
      import('../revenue/holdings.ts'),
    ]);
    const { ports, config, store } = this.#components;
    const tokens = config.agents.tokens.map((token) => token.toLowerCase() as Address);
    const [registrations, holdings] = [this.#registrations, new Holdings(store)];
    return new NodeRevenue({ chain: ports.chain, tokens, registrations, holdings });
  }

  /** Agents that can be called now, for protocols besides A2A. */
  callable(): CallableAgent[] {
    return [...this.#slots.values()].flatMap((slot) => slot.callable ?? []);
  }

  /** The AI Catalog of this node. */
  async aiCatalog() {
    // Loaded with the first request: a node without agents holds nothing of A2A.
    const { aiCatalog } = await import('../serve/well-known.ts');
    return aiCatalog(this.#components.ports.network.peerId, this.#published());
  }

  /** Identities on chain that the gateway's domain stands behind (ERC-8004). */
  async agentRegistration() {
    const { agentRegistration } = await import('../serve/well-known.ts');
    return agentRegistration(this.#published());
  }

  #published(): PublishedAgent[] {
    const { chainId } = this.#components.ports.chain;
    return [...this.#slots.values()].flatMap(({ served, record }) => {
      if (!served) return [];
      const found = this.#registrations.get(record.name);
      const identity =
        found && !found.retired ? { chainId, registry: found.registry, agentId: found.agentId } : null;
      return { agent: served.agent, urls: served.urls, identity };
    });
  }

  /** Answers by agent and outcome, for the metrics. */
  answers(): { agent: string; outcome: Outcome; count: number }[] {
    return [...this.#slots.values()].flatMap((slot) =>
      Object.entries(slot.answers).map(([outcome, count]) => ({
        agent: slot.record.name,
        outcome: outcome as Outcome,
        count,
      })),
    );
  }

  /** What strangers may know: names and addresses of the agents that can be called. */
  #served() {
    const agents = this.callable().map(({ name, title, description }) => ({
      name,
      title,
      description,
      path: pathOf(name),
    }));
    return { agents };
  }

  #slot(record: AgentRecord): AgentSlot {
    const selling = () => this.#payments.selling();
    const slot = new AgentSlot(this.#components, record, this.#registrations, selling, this.#hiring());
    this.#slots.set(record.name, slot);
    // Peers find an HTTP server only on a node that has an agent.
    const { network } = this.#components.ports;
    this.#stopServing ??= network.serve((request, peer) => this.answer(request, peer));
    return slot;
  }

  /**
   * Call an agent of the network, and pay for it by this node's wallet, within its caps.
   * @param agent its number, whose identity is checked first, or its address
   * @param pay the most to pay; null: nothing
   * @throws ChorusError `E_AGENT_IDENTITY`, `E_PAYMENT_*`, and those of the client
   */
  async *callAgent(
    agent: bigint | string,
    message: AgentMessage,
    options: Partial<Pick<PaidCall, 'at' | 'approved' | 'requestId'>> & {
      pay: Sum | null;
      signal: AbortSignal;
    },
  ): AsyncGenerator<CallEvent> {
    const { signal, requestId = randomUUID(), ...more } = options;
    const { callAgentOf } = await import('../open/call-agent.ts');
    const hiring = this.#hiring();
    const url = await hiring.resolve(agent, signal);
    yield* callAgentOf({ ...more, url, message, requestId, hops: 0 }, hiring, signal);
  }

  /** What agents of this node need to ask others. */
  #hiring(): Hiring {
    const { network } = this.#components.ports;
    return {
      resolve: async (agent) => (typeof agent === 'string' ? agent : this.#network.resolve(agent)),
      network: {
        // A node does not dial itself.
        fetch: async (peer, request, options) =>
          peer === network.peerId ? this.answer(request, peer) : network.fetch(peer, request, options),
      },
      payments: () => this.payments(),
    };
  }

  #drop(slot: AgentSlot): void {
    const { name } = slot.record;
    // Under this name the owner may have started another one.
    if (this.#slots.get(name) === slot) this.#slots.delete(name);
    if (this.#slots.size > 0) return;
    this.#stopServing?.();
    this.#stopServing = null;
  }

  #find(name: string): AgentSlot {
    const slot = this.#slots.get(name);
    if (slot) return slot;
    throw new ChorusError('E_AGENT_UNKNOWN', 'this node has no such agent', {
      facts: { name: name.slice(0, 80) },
      hint: 'see: chorus agent list',
    });
  }
}

function exists(name: string, file: string): ChorusError {
  return new ChorusError('E_AGENT_EXISTS', 'another agent has this name', {
    facts: { name, file },
    hint: 'choose another with --name, or stop that agent first',
  });
}
