import type { HostConfig } from '../config/host-config.ts';
import type { Components } from './components.ts';
import { registrationUri } from './registration.ts';
import type { Service, Services } from './service.ts';

/** The services that have been made so far, in the order they start in. */
export class ServiceHost {
  readonly #definitions: Services;
  readonly #order: readonly string[];
  readonly #made = new Map<string, Service>();
  readonly #capabilities = new Map<string, unknown>();

  constructor(definitions: Services, order: readonly string[]) {
    this.#definitions = definitions;
    this.#order = order;
  }

  /** Those that have been made, in order. */
  get running(): readonly Service[] {
    return [...this.#made.values()];
  }

  get byName(): Readonly<Record<string, Service>> {
    return Object.fromEntries(this.#made);
  }

  /** What each service reads before the node opens anything. */
  async prepare(config: HostConfig, signal: AbortSignal | undefined): Promise<Map<string, unknown>> {
    const prepared = new Map<string, unknown>();
    for (const name of this.#order) {
      prepared.set(name, await this.#definitions[name]!.prepare?.(config as never, signal));
    }
    return prepared;
  }

  /** Make the services, each after those it needs; `common` is what all get alike. */
  async create(
    common: Omit<Components, 'capability' | 'registrationUri'>,
    prepared: ReadonlyMap<string, unknown>,
  ): Promise<void> {
    for (const name of this.#order) {
      const definition = this.#definitions[name]!;
      const components: Components = {
        ...common,
        registrationUri: () =>
          registrationUri(
            common.ports.network.peerId,
            this.running.flatMap((service) => service.registration?.() ?? []),
          ),
        capability: <T>(wanted: string) => {
          if (!definition.needs?.includes(wanted)) {
            throw new Error(`the service ${name} does not say that it needs ${wanted}`);
          }
          return this.#capabilities.get(wanted) as T;
        },
      };
      const service: Service = await definition.create(components as never, prepared.get(name));
      this.#made.set(name, service);
      for (const capability of definition.provides ?? []) {
        const offered = service.capabilities?.[capability];
        if (offered === undefined) throw new Error(`the service ${name} does not offer ${capability}`);
        this.#capabilities.set(capability, offered);
      }
    }
  }

  /** A running service, or null while the node starts. */
  find(name: string): Service | null {
    return this.#made.get(name) ?? null;
  }

  /** The highest preference that a service has for a peer. */
  peerScore(peerId: string): number {
    return Math.max(0, ...this.running.map((service) => service.peerScore?.(peerId) ?? 0));
  }

  /** CIDs that some service still needs. */
  pinned(): string[] {
    return this.running.flatMap((service) => [...(service.pinned?.() ?? [])]);
  }
}
