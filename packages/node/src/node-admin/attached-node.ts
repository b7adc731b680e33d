import { ChorusError } from '@chorus/protocol';
import type { EventHub } from '../events/event-hub.ts';
import { detailsOf, type NetworkDetails } from '../status/network-details.ts';
import type { NodeConditions, ObservedNode } from '../status/node-conditions.ts';

/** A node that runs, and what obstructs it. */
export interface RunningNode {
  node: ObservedNode;
  conditions: NodeConditions;
  /** Where strangers reach the gateway; null if it is not served. */
  gatewayUrl: () => string | null;
}

/** The node behind an admin API, which answers before there is one. */
export class AttachedNode {
  readonly #hub: EventHub;
  readonly #closing: AbortSignal;
  #running: RunningNode | null = null;

  constructor(hub: EventHub, closing: AbortSignal) {
    this.#hub = hub;
    this.#closing = closing;
  }

  /** The node, as soon as there is one. */
  attach(running: RunningNode): void {
    this.#running = running;
  }

  /** Null while it starts. */
  get current(): RunningNode | null {
    return this.#running;
  }

  get phase(): 'starting' | 'ready' | 'stopping' {
    if (this.#closing.aborted) return 'stopping';
    return this.#hub.isReady ? 'ready' : 'starting';
  }

  /** @throws ChorusError `E_ADMIN_NOT_READY` with what it waits for */
  running(): RunningNode {
    return this.#running ?? this.notReady();
  }

  /** @throws ChorusError `E_ADMIN_NOT_READY` with what the node waits for */
  notReady(): never {
    const { obstacle } = this.#hub;
    throw new ChorusError(
      'E_ADMIN_NOT_READY',
      obstacle ? `the node is still starting: ${obstacle.message}` : 'the node is still starting',
      { hint: obstacle?.hint ?? 'ask again in a moment' },
    );
  }

  /** Null if the network keeps no such details. */
  network(): NetworkDetails | null {
    return this.#running && detailsOf(this.#running.node.ports.network);
  }
}
