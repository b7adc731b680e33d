import type { AgentDocument } from '@chorus/admin-api';
import type { Components } from '@chorus/node';
import { ChorusError, type Explanation, explain, hasCode } from '@chorus/protocol';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import type { AgentsEvent, Outcome } from '../events/agent-events.ts';
import type { Hiring } from '../open/call-agent.ts';
import type { LoadedAgent } from '../open/load-agent.ts';
import type { OpenedResources } from '../open/open-resources.ts';
import type { Selling } from '../payments/selling.ts';
import type { Registrations } from '../registration/registrations.ts';
import { refusal } from '../serve/refusal.ts';
import type { AgentRecord } from '../store/agent-records.ts';
import { earnedBy } from '../store/earned.ts';
import { agentDocument } from './agent-document.ts';
import { TaskFollower } from './follow-task.ts';
import { keepOpening } from './keep-opening.ts';
import { modelMemory } from './model-memory.ts';
import { ModelReservation } from './model-reservation.ts';
import type { Answered } from './observed-executor.ts';
import type { AgentIdentity, CallableAgent, ServedAgent } from './served-agent.ts';

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
  readonly #reservation: ModelReservation;
  readonly #closing = new AbortController();
  readonly #follower: TaskFollower;
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
    this.#reservation = new ModelReservation(components.resources, record.name);
    this.#follower = new TaskFollower({
      ...{ agent: record.name, chain: components.ports.chain, signal: this.#closing.signal },
      adopt: () => this.reopen(),
      emit: (event) => this.#emit(event),
    });
  }

  /** Open the agent; if that fails, try again until it succeeds or the node closes. Never rejects. */
  keepOpening(): Promise<void> {
    return keepOpening({
      open: () => this.reopen(),
      isOpen: () => this.#served !== null,
      onFailure: (error, retrySeconds) => {
        // The owner is opening it, and gets the error if that fails.
        if (hasCode(error, 'E_AGENT_CHANGING')) return;
        this.#emit({ type: 'agents.failed', agent: this.record.name, retrySeconds, ...explain(error) });
      },
      signal: this.#closing.signal,
    });
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
    const [{ loadAgent }, { openOnNode, priceOnNode, offersOnNode }, { ServedAgent }] = await Promise.all([
      import('../open/load-agent.ts'),
      import('./open-on-node.ts'),
      import('./served-agent.ts'),
    ]);
    const loaded = given ?? loadAgent(file);
    this.#loaded ??= loaded;
    const paid = await priceOnNode(loaded, this.#components, this.#selling);
    const offers = await offersOnNode(loaded, this.#components);
    this.#reservation.reserve(await modelMemory(loaded.definition.model, loaded.folder, ports));
    const mark = await this.#follower.mark(loaded.definition.model);
    const opening = { name, hiring: this.#hiring, accept, signal };
    const opened = await openOnNode(loaded, this.#components, opening).catch((error) => {
      if (!this.#served) this.#reservation.release();
      throw error;
    });
    const { engine, resources } = opened;
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
        offers,
        observer: { admit: () => this.#reservation.admit(), onAnswered: (answered) => this.#count(answered) },
        onError: (error) => this.#components.emit({ type: 'warning', ...explain(error) }),
      });
    } catch (error) {
      await opened.close();
      this.#reservation.release();
      throw error;
    }
    this.#loaded = loaded;
    this.#tools = resources.found;
    this.#follower.follow(mark);
    for (const event of openedEvents(this.#served, resources)) this.#emit(event);
  }

  /** Answer a stranger's request; its path begins at the agent's base. */
  async answer(request: Request, peer: string | undefined): Promise<Response> {
    if (this.#served) return this.#served.answer(request, peer);
    return refusal(notServed(this.record.name));
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

  /** The agent as the admin API shows it. */
  document(): AgentDocument {
    const { name } = this.record;
    return agentDocument({
      record: this.record,
      definition: this.#loaded?.definition ?? null,
      served: this.#served,
      problem: this.#problem,
      tools: this.#tools,
      identity: this.#registrations.get(name),
      earned: earnedBy(this.#components.store, name),
      answers: this.answers,
    });
  }

  /** Ends the agent, and what is being opened. Safe to call again. */
  async close(): Promise<void> {
    this.#closing.abort(new ChorusError('E_AGENT_CLOSED', 'the agent is closing'));
    await this.#change?.catch(() => {});
    await this.#served?.close();
    this.#served = null;
    this.#reservation.release();
  }

  #count({ caller, outcome, code, seconds }: Answered): void {
    this.answers[outcome]++;
    this.#emit({ type: 'agents.answered', agent: this.record.name, caller, outcome, code, seconds });
  }

  #emit(event: AgentsEvent): void {
    this.#components.emit<AgentsEvent>(event);
  }
}

function notServed(agent: string): ChorusError {
  return new ChorusError('E_AGENT_NOT_SERVED', 'the agent cannot be called now', {
    facts: { agent },
    hint: 'try again later',
  });
}

/** What is reported when an agent answers: the documents that it could not read, then that it has started. */
function openedEvents({ urls, agent }: ServedAgent, { documents }: OpenedResources): AgentsEvent[] {
  const unread = documents.flatMap(({ source, fault }): AgentsEvent[] =>
    fault === null ? [] : [{ type: 'agents.document', agent: agent.name, source, reason: fault }],
  );
  const reachable = urls.http === null ? [urls.libp2p] : [urls.http, urls.libp2p];
  return [
    ...unread,
    { type: 'agents.started', agent: agent.name, model: agent.facts.model, urls: reachable },
  ];
}
