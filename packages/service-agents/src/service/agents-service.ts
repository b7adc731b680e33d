import { existsSync } from 'node:fs';
import type {
  AgentDocument,
  AgentList,
  AgentMemory,
  AgentStartRequest,
  Forgotten,
  MemoryQuery,
  Status,
} from '@chorus/admin-api';
import type { Components, Service } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import pLimit from 'p-limit';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import type { AgentsEvent, Outcome } from '../events/agent-events.ts';
import { agentFolder } from '../serve/agent-folder.ts';
import { agentName } from '../serve/agent-name.ts';
import { AGENTS_PATH, pathOf, readPath } from '../serve/agent-path.ts';
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
  readonly #slots = new Map<string, AgentSlot>();
  #stopServing: (() => void) | null = null;
  #opening: Promise<unknown> = Promise.resolve();

  constructor(components: Components<AgentsNodeConfig>) {
    this.#components = components;
    this.#records = new AgentRecords(components.store);
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
  }

  async stop(): Promise<void> {
    this.#stopServing?.();
    await Promise.all([...this.#slots.values()].map((slot) => slot.close()));
    await this.#opening;
  }

  async status(): Promise<Pick<Status, 'agents'>> {
    return { agents: this.list().agents.map(({ name, state }) => ({ name, state })) };
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
    this.#components.emit<AgentsEvent>({ type: 'agents.stopped', agent: name });
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
    return slot.answer(new Request(below, request), peer);
  }

  /** Agents that can be called now, for protocols besides A2A. */
  callable(): CallableAgent[] {
    return [...this.#slots.values()].flatMap((slot) => slot.callable ?? []);
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
    const slot = new AgentSlot(this.#components, record);
    this.#slots.set(record.name, slot);
    // Peers find an HTTP server only on a node that has an agent.
    const { network } = this.#components.ports;
    this.#stopServing ??= network.serve((request, peer) => this.answer(request, peer));
    return slot;
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
