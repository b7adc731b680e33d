import { existsSync } from 'node:fs';
import type { AgentDocument, AgentStartRequest } from '@chorus/admin-api';
import type { Components } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import pLimit from 'p-limit';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import type { AgentsEvent, Outcome } from '../events/agent-events.ts';
import type { Hiring } from '../open/call-agent.ts';
import type { Selling } from '../payments/selling.ts';
import type { Registrations } from '../registration/registrations.ts';
import { agentFolder } from '../serve/agent-folder.ts';
import { agentName } from '../serve/agent-name.ts';
import { type AgentRecord, AgentRecords } from '../store/agent-records.ts';
import { AgentSlot } from './agent-slot.ts';
import type { CallableAgent } from './served-agent.ts';

/** Agents that are opened at a time when the node starts. */
const OPENED_AT_ONCE = 2;

export interface AgentSlotsOptions {
  components: Components<AgentsNodeConfig>;
  registrations: Pick<Registrations, 'get'>;
  /** What takes payments; asked only for an agent that has a price. */
  selling: () => Promise<Selling>;
  /** What agents need to ask others. */
  hiring: Hiring;
  /** Answer requests of peers, from the first agent until the last; returns what ends that. */
  serve: () => () => void;
  /** Called when an agent can be called that could not, or the reverse. */
  onChange: () => void;
}

/** The agents that the owner has started, each in its slot, and kept over restarts. */
export class AgentSlots {
  readonly #options: AgentSlotsOptions;
  readonly #records: AgentRecords;
  readonly #slots = new Map<string, AgentSlot>();
  #stopServing: (() => void) | null = null;
  #opening: Promise<unknown> = Promise.resolve();

  constructor(options: AgentSlotsOptions) {
    this.#options = options;
    this.#records = new AgentRecords(options.components.store);
  }

  /** Begin to open the agents that are kept. */
  start(): void {
    const open = pLimit(OPENED_AT_ONCE);
    this.#opening = Promise.all(
      this.#records.all().map((record) => {
        const slot = this.#add(record);
        return open(() => slot.keepOpening());
      }),
    );
  }

  /** Ends all agents; they are opened again with the next start of the node. */
  async close(): Promise<void> {
    this.#stopServing?.();
    await Promise.all(this.all().map((slot) => slot.close()));
    await this.#opening;
  }

  /** In the order they were started. */
  all(): AgentSlot[] {
    return [...this.#slots.values()];
  }

  get(name: string): AgentSlot | undefined {
    return this.#slots.get(name);
  }

  /** @throws ChorusError `E_AGENT_UNKNOWN` */
  find(name: string): AgentSlot {
    const slot = this.#slots.get(name);
    if (slot) return slot;
    throw new ChorusError('E_AGENT_UNKNOWN', 'this node has no such agent', {
      facts: { name: name.slice(0, 80) },
      hint: 'see: chorus agent list',
    });
  }

  /**
   * The folder of what an agent keeps, which is left when it is stopped.
   * @throws ChorusError `E_AGENT_UNKNOWN`
   */
  folderOf(name: string): string {
    const folder = agentFolder(this.#options.components.config.dataDir, name);
    if (!this.#slots.has(name) && !existsSync(folder)) this.find(name);
    return folder;
  }

  /** Agents that can be called now. */
  callable(): CallableAgent[] {
    return this.all().flatMap((slot) => slot.callable ?? []);
  }

  /** Answers by agent and outcome. */
  answers(): { agent: string; outcome: Outcome; count: number }[] {
    return this.all().flatMap((slot) =>
      Object.entries(slot.answers).map(([outcome, count]) => ({
        agent: slot.record.name,
        outcome: outcome as Outcome,
        count,
      })),
    );
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
      this.#options.onChange();
      return present.document();
    }
    const { most } = this.#options.components.config.agents;
    if (this.#slots.size >= most) {
      throw new ChorusError('E_AGENT_LIMIT', 'this node serves as many agents as it may', {
        facts: { most },
        hint: 'stop one with `chorus agent stop`, or raise agents.most',
      });
    }
    const slot = this.#add({ name, file: path, added: Date.now() });
    try {
      await slot.reopen(loaded, accept);
      if (this.#slots.get(name) !== slot) throw new ChorusError('E_AGENT_CLOSED', 'the agent was stopped');
    } catch (error) {
      this.#drop(slot);
      await slot.close();
      throw error;
    }
    this.#records.put(slot.record);
    this.#options.onChange();
    return slot.document();
  }

  /**
   * End an agent; it is not served again after a restart. Its tasks stay in the node's folder.
   * @throws ChorusError `E_AGENT_UNKNOWN`
   */
  async stopAgent(name: string): Promise<void> {
    const slot = this.find(name);
    this.#records.remove(name);
    this.#drop(slot);
    await slot.close();
    this.#options.onChange();
    this.#options.components.emit<AgentsEvent>({ type: 'agents.stopped', agent: name });
  }

  #add(record: AgentRecord): AgentSlot {
    const { components, registrations, selling, hiring, serve } = this.#options;
    const slot = new AgentSlot(components, record, registrations, selling, hiring);
    this.#slots.set(record.name, slot);
    // Peers find an HTTP server only on a node that has an agent.
    this.#stopServing ??= serve();
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
}

function exists(name: string, file: string): ChorusError {
  return new ChorusError('E_AGENT_EXISTS', 'another agent has this name', {
    facts: { name, file },
    hint: 'choose another with --name, or stop that agent first',
  });
}
