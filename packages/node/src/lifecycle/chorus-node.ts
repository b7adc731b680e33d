import type { ResourceBudget } from '../resources/resource-budget.ts';
import type { Ports } from '../service/ports.ts';
import type { Running, Services } from '../service/service.ts';
import type { NodeStore } from '../store/node-store.ts';

/** What a node is made of, as {@link ChorusNode} shows it. */
export interface NodeParts<S extends Services> {
  services: Running<S>;
  ports: Ports;
  resources: ResourceBudget;
  store: NodeStore;
  /** Aborted when the node closes. */
  abort: AbortController;
  /** Close everything, the latest opened first. */
  teardown: () => Promise<void>;
}

/**
 * A running node: its services on one network, one chain and one data folder. Made by `createNode`; it knows no
 * service by name.
 */
export class ChorusNode<S extends Services = Services> {
  readonly services: Running<S>;
  readonly ports: Ports;
  /** Memory, disk and hours of all the node's work. */
  readonly resources: ResourceBudget;
  readonly store: NodeStore;
  readonly #abort: AbortController;
  readonly #teardown: () => Promise<void>;
  #closed: Promise<void> | null = null;

  constructor({ services, ports, resources, store, abort, teardown }: NodeParts<S>) {
    this.services = services;
    this.ports = ports;
    this.resources = resources;
    this.store = store;
    this.#abort = abort;
    this.#teardown = teardown;
  }

  /** Aborted once the node closes. */
  get closing(): AbortSignal {
    return this.#abort.signal;
  }

  /** End all work and close the ports; resolves when all of it is done. */
  close(): Promise<void> {
    this.#abort.abort();
    this.#closed ??= this.#teardown();
    return this.#closed;
  }
}
