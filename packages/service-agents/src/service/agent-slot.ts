import type { AgentDocument } from '@chorus/admin-api';
import type { Components } from '@chorus/node';
import { ChorusError, type Engine, type Explanation, explain, hasCode } from '@chorus/protocol';
import { pause } from '@chorus/utils';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import type { AgentsEvent, Outcome } from '../events/agent-events.ts';
import type { Hiring } from '../open/call-agent.ts';
import type { LoadedAgent } from '../open/load-agent.ts';
import type { OpenedResources } from '../open/open-resources.ts';
import type { Amount } from '../payments/price.ts';
import type { Selling } from '../payments/selling.ts';
import type { Registrations } from '../registration/registrations.ts';
import { agentFolder } from '../serve/agent-folder.ts';
import type { AgentRecord } from '../store/agent-records.ts';
import { earnedBy } from '../store/earned.ts';
import { modelMemory } from './model-memory.ts';
import { inspectingWith } from './node-inspection.ts';
import type { Answered } from './observed-executor.ts';
import { refusal } from './refusal.ts';
import type { AgentIdentity, CallableAgent, ServedAgent } from './served-agent.ts';

/** Between two tries to open an agent, seconds: each wait is twice the one before. */
const RETRY = { first: 5, most: 600 };

/** The place of one agent on a node, from its record to the agent that answers, through failures and changes. */
export class AgentSlot {
  readonly record: AgentRecord;
  readonly answers: Record<Outcome, number> = {
    completed: 0,
    'input-required': 0,
    rejected: 0,
    cancelled: 0,
    failed: 0,
  };
  readonly #components: Components<AgentsNodeConfig>;
  readonly #registrations: Pick<Registrations, 'get'>;
  readonly #selling: () => Promise<Selling>;
  readonly #hiring: Hiring;
  readonly #closing = new AbortController();
  #loaded: LoadedAgent | null = null;
  #served: ServedAgent | null = null;
  #tools: OpenedResources['found'] = [];
  #problem: Explanation | null = null;
  #change: Promise<void> | null = null;

  /** @param selling what takes payments; asked only for an agent that has a price */
  constructor(
    components: Components<AgentsNodeConfig>,
    record: AgentRecord,
    registrations: Pick<Registrations, 'get'>,
    selling: () => Promise<Selling>,
    hiring: Hiring,
  ) {
    this.#components = components;
    this.#selling = selling;
    this.#hiring = hiring;
    this.record = record;
    this.#registrations = registrations;
  }

  /** Open the agent; if that fails, try again until it succeeds or the node closes. Never rejects. */
  async keepOpening(): Promise<void> {
    if (!(await this.#try(RETRY.first))) void this.#retry();
  }

  async #retry(): Promise<void> {
    const { signal } = this.#closing;
    let wait = RETRY.first;
    do {
      await pause(wait * 1_000, signal);
      // The owner may have opened it meanwhile.
      if (signal.aborted || this.#served) return;
      wait = Math.min(2 * wait, RETRY.most);
    } while (!(await this.#try(wait)));
  }

  /** @returns whether there is no need to try again */
  async #try(retrySeconds: number): Promise<boolean> {
    try {
      await this.reopen();
      return true;
    } catch (error) {
      if (this.#closing.signal.aborted) return true;
      // The owner is opening it, and gets the error if that fails.
      if (!hasCode(error, 'E_AGENT_CHANGING')) {
        this.#emit({ type: 'agents.failed', agent: this.record.name, retrySeconds, ...explain(error) });
      }
      return false;
    }
  }

  /**
   * Open the agent. One that answers already does so until the new model is open.
   * @param loaded its file, if that was read just now
   * @param accept `all`: the owner accepts what its tools say of themselves now
   * @throws ChorusError `E_AGENT_CHANGING` while it is being opened, and why it cannot be served
   */
  async reopen(loaded?: LoadedAgent, accept: 'first' | 'all' = 'first'): Promise<void> {
    if (this.#change) {
      throw new ChorusError('E_AGENT_CHANGING', 'the agent is being opened', {
        facts: { agent: this.record.name },
        hint: 'try again in a moment',
      });
    }
    const change = this.#open(loaded, accept);
    this.#change = change;
    try {
      await change;
      this.#problem = null;
    } catch (error) {
      // One that still answers has no problem: the caller gets the error.
      if (!this.#served) this.#problem = explain(error);
      throw error;
    } finally {
      this.#change = null;
    }
  }

  async #open(given: LoadedAgent | undefined, accept: 'first' | 'all'): Promise<void> {
    const { name, file } = this.record;
    const { config, ports, keySeed, gatewayUrl } = this.#components;
    const { signal } = this.#closing;
    signal.throwIfAborted();
    // Loaded with the first agent: a node without agents holds neither A2A nor a model runtime.
    const [{ loadAgent }, { openEngine }, { openResources }, { ServedAgent }] = await Promise.all([
      import('../open/load-agent.ts'),
      import('../open/open-engine.ts'),
      import('../open/open-resources.ts'),
      import('./served-agent.ts'),
    ]);
    const loaded = given ?? loadAgent(file);
    this.#loaded ??= loaded;
    const paid = await this.#paid(loaded);
    this.#reserve(await modelMemory(loaded.definition.model, loaded.folder, ports));
    const state = agentFolder(config.dataDir, name);
    let engine: Engine | undefined;
    let resources: OpenedResources;
    try {
      engine = await openEngine(loaded, {
        inspect: (work) => inspectingWith(ports, config.chain.url, signal, work),
        hiring: this.#hiring,
        signal,
      });
      resources = await openResources(loaded, {
        state,
        accept,
        signal,
        onError: (error) => this.#emit({ type: 'agents.documents', agent: name, ...explain(error) }),
      });
    } catch (error) {
      await engine?.close();
      if (!this.#served) this.#release();
      throw error;
    }
    try {
      await this.#served?.close();
      this.#served = null;
      signal.throwIfAborted();
      this.#served = await ServedAgent.open({
        name,
        loaded,
        engine,
        resources,
        config: config.agents,
        dataDir: config.dataDir,
        peerId: ports.network.peerId,
        keySeed,
        gateway: gatewayUrl(),
        identity: this.#identity(),
        paid,
        observer: { admit: () => this.#admit(), onAnswered: (answered) => this.#count(answered) },
        onError: (error) => this.#components.emit({ type: 'warning', ...explain(error) }),
      });
    } catch (error) {
      await Promise.all([engine.close(), resources.close()]);
      this.#release();
      throw error;
    }
    this.#loaded = loaded;
    this.#tools = resources.found;
    const { urls, agent } = this.#served;
    for (const { source, fault } of resources.documents) {
      if (fault !== null) this.#emit({ type: 'agents.document', agent: name, source, reason: fault });
    }
    const reachable = urls.http === null ? [urls.libp2p] : [urls.http, urls.libp2p];
    this.#emit({ type: 'agents.started', agent: name, model: agent.facts.model, urls: reachable });
  }

  /** What a call costs, and who takes the payment; null if it costs nothing. */
  async #paid({ definition: { price } }: LoadedAgent) {
    if (price === null) return null;
    const { config, ports } = this.#components;
    const { chain } = ports;
    const { amountOf } = await import('../payments/price.ts');
    const amount = await amountOf(price, config.agents.tokens, chain);
    return { price: amount, selling: await this.#selling(), chain };
  }

  /** Answer a stranger's request; its path begins at the agent's base. */
  async answer(request: Request, peer: string | undefined): Promise<Response> {
    if (this.#served) return this.#served.answer(request, peer);
    return refusal(
      new ChorusError('E_AGENT_NOT_SERVED', 'the agent cannot be called now', {
        facts: { agent: this.record.name },
        hint: 'try again later',
      }),
    );
  }

  /** Null while it is not served. */
  get served(): ServedAgent | null {
    return this.#served;
  }

  /** What the node keeps of its identity on chain has changed. */
  async identityChanged(): Promise<void> {
    await this.#served?.identify(this.#identity());
  }

  #identity(): AgentIdentity | null {
    const found = this.#registrations.get(this.record.name);
    if (!found || found.retired) return null;
    const { chainId } = this.#components.ports.chain;
    return { registry: { chainId, address: found.registry }, agentId: found.agentId };
  }

  /** The agent for other protocols than A2A; null while it is not served. */
  get callable(): CallableAgent | null {
    return this.#served?.agent ?? null;
  }

  document(): AgentDocument {
    const served = this.#served;
    const { name, file } = this.record;
    const definition = this.#loaded?.definition;
    const identity = this.#registrations.get(name);
    return {
      name,
      title: definition?.name ?? name,
      description: definition?.description ?? '',
      version: definition?.version ?? null,
      file,
      state: served ? 'serving' : this.#problem ? 'failed' : 'starting',
      problem: this.#problem,
      model: served ? { kind: served.agent.facts.kind, name: served.agent.facts.model } : null,
      tools: this.#tools.map(({ server, name: tool, state }) => ({ server, name: tool, state })),
      urls: { http: served?.urls.http ?? null, libp2p: served?.urls.libp2p ?? null },
      identity: identity && { agentId: identity.agentId.toString(), retired: identity.retired },
      price: served?.agent.price ? priceDocument(served.agent.price) : null,
      earned: this.#earned(),
      since: served ? new Date(served.agent.since).toISOString() : null,
      load: served?.load() ?? { tasks: 0, streams: 0 },
      answers: { ...this.answers },
    };
  }

  /** What the agent was paid; amounts in a token that is not its price's have no symbol here. */
  #earned(): AgentDocument['earned'] {
    const token = this.#served?.agent.price?.token;
    return earnedBy(this.#components.store, this.record.name).map(({ token: address, amount, calls }) => {
      const known = token?.address === address ? token : null;
      const { symbol = null, decimals = null } = known ?? {};
      return { token: address, symbol, decimals, amount, calls };
    });
  }

  /** Ends the agent, and what is being opened. Safe to call again. */
  async close(): Promise<void> {
    this.#closing.abort(new ChorusError('E_AGENT_CLOSED', 'the agent is closing'));
    await this.#change?.catch(() => {});
    await this.#served?.close();
    this.#served = null;
    this.#release();
  }

  /** @throws ChorusError `E_AGENT_BUSY` while the node is short of memory */
  #admit(): void {
    if (!this.#components.resources.underPressure) return;
    throw new ChorusError('E_AGENT_BUSY', 'the node is short of memory', { hint: 'try again later' });
  }

  /** @throws ChorusError `E_LIMIT_MEMORY` if other work has it */
  #reserve(bytes: number): void {
    const { resources } = this.#components;
    const reserved = resources.reservedBytes(this.#work);
    if (reserved + bytes > resources.memoryBytes) {
      throw new ChorusError('E_LIMIT_MEMORY', "the agent's model needs more memory than is left", {
        facts: { needs: bytes, reserved, limit: resources.memoryBytes },
        hint: 'raise limits.memory, stop another agent, or leave a task',
      });
    }
    if (bytes > 0) resources.reserve(this.#work, bytes);
  }

  #release(): void {
    this.#components.resources.release(this.#work);
  }

  get #work(): string {
    return `agents/${this.record.name}`;
  }

  #count({ caller, outcome, code, seconds }: Answered): void {
    this.answers[outcome]++;
    this.#emit({ type: 'agents.answered', agent: this.record.name, caller, outcome, code, seconds });
  }

  #emit(event: AgentsEvent): void {
    this.#components.emit<AgentsEvent>(event);
  }
}

const priceDocument = ({ text, units, token: { address, symbol, decimals } }: Amount) => ({
  text,
  token: address,
  symbol,
  decimals,
  amount: units.toString(),
});
