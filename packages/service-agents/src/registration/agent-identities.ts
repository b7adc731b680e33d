import type { RegistrationDocument } from '@chorus/admin-api';
import type { Ports } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import type { PublishedAgent } from '../serve/well-known.ts';
import type { RegistrableAgent, Registrar } from './registrar.ts';
import type { Registrations } from './registrations.ts';

/** An agent that answers, as others may learn of it. */
interface KnownAgent extends RegistrableAgent {
  agent: RegistrableAgent['agent'] & { version: string };
  /** The bytes of its card. */
  card: Uint8Array;
}

export interface AgentIdentitiesOptions {
  ports: Ports;
  records: Registrations;
  /**
   * The agent of this name, null while it does not answer.
   * @throws ChorusError `E_AGENT_UNKNOWN` if this node has none
   */
  find: (name: string) => KnownAgent | null;
  /** Those that answer. */
  served: () => KnownAgent[];
  /** Called when what is kept of an agent's identity has changed. */
  onChange: (name: string) => Promise<void>;
}

/** Who the agents of this node are on chain, and what others learn of that. */
export class AgentIdentities {
  readonly #options: AgentIdentitiesOptions;
  #registrar: Promise<Registrar> | null = null;

  constructor(options: AgentIdentitiesOptions) {
    this.#options = options;
  }

  /**
   * Give an agent its identity on chain, or bring that up to date: others can find it from then on. Can be repeated
   * after any failure.
   * @param options `dryRun`: only say what it would cost
   * @throws ChorusError `E_AGENT_UNKNOWN`, `E_AGENT_NOT_SERVED`, and those of the chain
   */
  async register(name: string, options: { dryRun?: boolean } = {}): Promise<RegistrationDocument> {
    const served = this.#options.find(name);
    if (!served) {
      throw new ChorusError('E_AGENT_NOT_SERVED', 'an agent that does not answer is not registered', {
        facts: { agent: name },
        hint: 'chorus agent show says why it is not served',
      });
    }
    const registered = await (await this.#registering()).register(served, options);
    if (!options.dryRun) await this.#options.onChange(name);
    return registered;
  }

  /**
   * Say on chain that an agent is no longer served, and announce it no more. It still answers, and can be
   * registered again.
   * @throws ChorusError `E_AGENT_UNREGISTERED`, and those of the chain
   */
  async retire(name: string): Promise<RegistrationDocument> {
    const retired = await (await this.#registering()).retire(name);
    await this.#options.onChange(name);
    return retired;
  }

  /** Registration files: others read them from this node. */
  pinned(): string[] {
    return this.#options.records.all().flatMap(({ cid }) => cid ?? []);
  }

  /** Agents that may be announced. */
  announced(): { name: string; agentId: bigint; card: Uint8Array }[] {
    const served = new Map(this.#options.served().map(({ agent, card }) => [agent.name, card]));
    return this.#options.records.all().flatMap(({ name, agentId, retired, cid }) => {
      const card = served.get(name);
      return card && !retired && cid !== null ? [{ name, agentId, card }] : [];
    });
  }

  /** The AI Catalog of this node. */
  async aiCatalog() {
    // Loaded with the first request: a node without agents holds nothing of A2A.
    const { aiCatalog } = await import('../serve/well-known.ts');
    return aiCatalog(this.#options.ports.network.peerId, this.#published());
  }

  /** Identities on chain that the gateway's domain stands behind (ERC-8004). */
  async agentRegistration() {
    const { agentRegistration } = await import('../serve/well-known.ts');
    return agentRegistration(this.#published());
  }

  #published(): PublishedAgent[] {
    const { records, ports, served } = this.#options;
    const { chainId } = ports.chain;
    return served().map(({ agent, urls }) => {
      const found = records.get(agent.name);
      const identity =
        found && !found.retired ? { chainId, registry: found.registry, agentId: found.agentId } : null;
      return { agent, urls, identity };
    });
  }

  /** Loaded with the first registration: a node without agents holds nothing of A2A. */
  #registering(): Promise<Registrar> {
    const { ports, records } = this.#options;
    this.#registrar ??= import('./registrar.ts').then(({ Registrar }) => new Registrar({ ports, records }));
    return this.#registrar;
  }
}
