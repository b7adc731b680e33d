import type { CallEvent } from '@chorus/a2a';
import type {
  AgentDocument,
  AgentIdentityDocument,
  AgentList,
  AgentLogDocument,
  AgentLogQuery,
  AgentMemory,
  AgentStartRequest,
  DirectoryList,
  DirectoryQuery,
  Forgotten,
  MemoryQuery,
  RegistrationDocument,
  Status,
} from '@chorus/admin-api';
import { MARKET_AGENTS } from '@chorus/market';
import type { Components, Service } from '@chorus/node';
import type { AgentMessage } from '@chorus/protocol';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import type { PaymentsSource } from '../payments/source.ts';
import type { NodeReputation } from '../reputation/node-reputation.ts';
import type { NodeRevenue } from '../revenue/index.ts';
import { type AgentParts, createParts } from './agent-parts.ts';
import type { CallOptions } from './outbound-calls.ts';
import type { CallableAgent } from './served-agent.ts';

/**
 * The agents that a node serves: each a model of its own behind one path, on libp2p and at the gateway. Those that the
 * owner started are served again after a restart. Each of its parts does one thing; this is what the node, the admin API
 * and the gateway call.
 */
export class AgentsService implements Service {
  readonly #components: Components<AgentsNodeConfig>;
  readonly #parts: AgentParts;
  readonly #stopping = new AbortController();
  #rating: Promise<void> = Promise.resolve();
  #watching: Promise<void> = Promise.resolve();

  constructor(components: Components<AgentsNodeConfig>) {
    this.#components = components;
    this.#parts = createParts(components, this.#stopping.signal);
  }

  /** What services that trade get. */
  get capabilities() {
    return { [MARKET_AGENTS]: this.#parts.market };
  }

  /** The models of kept agents are opened while the node runs. */
  start(): void {
    this.#parts.slots.start();
    this.#parts.directory.start();
    if (this.#components.config.agents.directory) this.#rating = this.#parts.reputation.run();
    this.#watching = this.#parts.payments.watch(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#parts.directory.stop(), this.#rating, this.#watching]);
    await this.#parts.slots.close();
  }

  async status(): Promise<Pick<Status, 'agents'>> {
    return { agents: this.list().agents.map(({ name, state }) => ({ name, state })) };
  }

  /** Registration files: others read them from this node. */
  pinned(): string[] {
    return this.#parts.identities.pinned();
  }

  /** Every agent, in the order they were started. */
  list(): AgentList {
    return { agents: this.#parts.slots.all().map((slot) => slot.document()) };
  }

  /** @throws ChorusError `E_AGENT_UNKNOWN` */
  show(name: string): AgentDocument {
    return this.#parts.slots.find(name).document();
  }

  /** As of `AgentSlots.startAgent`. */
  startAgent(request: AgentStartRequest): Promise<AgentDocument> {
    return this.#parts.slots.startAgent(request);
  }

  /** As of `AgentSlots.stopAgent`. */
  stopAgent(name: string): Promise<void> {
    return this.#parts.slots.stopAgent(name);
  }

  /**
   * What an agent did; also of one that was stopped.
   * @throws ChorusError `E_AGENT_UNKNOWN`
   */
  log(name: string, query: AgentLogQuery): AgentLogDocument {
    const found = this.#parts.log.lines(name, query);
    // The node may serve one that has done nothing yet.
    if (found.lines.length === 0 && query.after === 0) this.#parts.slots.find(name);
    return found;
  }

  /**
   * What an agent has noted of its callers; also of one that was stopped.
   * @throws ChorusError `E_AGENT_UNKNOWN`
   */
  async memory(name: string, query: MemoryQuery): Promise<AgentMemory> {
    const { readMemory } = await import('../open/memory.ts');
    return readMemory(this.#parts.slots.folderOf(name), query);
  }

  /**
   * Delete what an agent has noted of a caller, or of all.
   * @throws ChorusError `E_AGENT_UNKNOWN`
   */
  async forgetMemory(name: string, query: MemoryQuery): Promise<Forgotten> {
    const { forgetMemory } = await import('../open/memory.ts');
    return forgetMemory(this.#parts.slots.folderOf(name), query);
  }

  /** As of `AgentIdentities.register`. */
  registerAgent(name: string, options: { dryRun?: boolean } = {}): Promise<RegistrationDocument> {
    return this.#parts.identities.register(name, options);
  }

  /** As of `AgentIdentities.retire`. */
  retireAgent(name: string): Promise<RegistrationDocument> {
    return this.#parts.identities.retire(name);
  }

  /**
   * Search the agents of the network.
   * @throws ChorusError `E_AGENT_PRICE` for a bound in a token that this node does not pay with
   */
  findAgents(query: DirectoryQuery): Promise<DirectoryList> {
    return this.#parts.network.find(query);
  }

  /** Agents of the network that can be found now. */
  get found(): number {
    return this.#parts.directory.size;
  }

  /** What those who paid agents of the network say of them. */
  get reputation(): NodeReputation {
    return this.#parts.reputation;
  }

  /** Look up who an agent of the network is. */
  inspectAgent(agentId: bigint): Promise<AgentIdentityDocument> {
    return this.#parts.network.inspect(agentId);
  }

  /**
   * Answer a stranger's request to an agent.
   * @param peer proven by the connection; undefined for HTTP
   */
  answer(request: Request, peer?: string): Promise<Response> {
    return this.#parts.inbound.answer(request, peer);
  }

  /** Answer a request that may be for an agent with a price: what it does is done only if it is paid. */
  paid(request: Request, caller: string, answer: (request: Request) => Promise<Response>): Promise<Response> {
    return this.#parts.payments.serve(request, caller, answer);
  }

  /** As of `OutboundCalls.call`. */
  callAgent(agent: bigint | string, message: AgentMessage, options: CallOptions): AsyncGenerator<CallEvent> {
    return this.#parts.calls.call(agent, message, options);
  }

  /** What was paid, both ways. */
  payments(): Promise<PaymentsSource> {
    return this.#parts.payments.source();
  }

  /** What agents, royalties and units bring to the wallet. */
  async revenue(): Promise<NodeRevenue> {
    // Loaded with the first request.
    const { openRevenue } = await import('./open-revenue.ts');
    return openRevenue(this.#components, this.#parts.registrations, this.#parts.payments);
  }

  /** Agents that can be called now, for protocols besides A2A. */
  callable(): CallableAgent[] {
    return this.#parts.slots.callable();
  }

  /** The AI Catalog of this node. */
  aiCatalog() {
    return this.#parts.identities.aiCatalog();
  }

  /** Identities on chain that the gateway's domain stands behind (ERC-8004). */
  agentRegistration() {
    return this.#parts.identities.agentRegistration();
  }

  /** Answers by agent and outcome, for the metrics. */
  answers() {
    return this.#parts.slots.answers();
  }
}
