import { ChorusError } from '@chorus/protocol';
import type { ChorusNode } from '../lifecycle/chorus-node.ts';
import { Stakes } from '../stakes/stakes.ts';
import { MoneyView } from '../status/money-view.ts';
import { detailsOf, type NetworkDetails } from '../status/network-details.ts';
import type { NodeConditions } from '../status/node-conditions.ts';
import type { NodeObserver } from '../status/node-observer.ts';

/** A node that runs, and what its admin API asks of its chain. */
export interface RunningNode {
  node: ChorusNode;
  conditions: NodeConditions;
  money: MoneyView;
  stakes: Stakes;
}

/** The node behind an admin API, which answers before there is one. */
export class AttachedNode {
  readonly #observer: NodeObserver;
  #running: RunningNode | null = null;

  constructor(observer: NodeObserver) {
    this.#observer = observer;
  }

  /** The node, as soon as there is one. */
  attach(node: ChorusNode, conditions: NodeConditions): void {
    const { chain, network } = node.ports;
    const stakes = new Stakes({ chain, peerId: () => network.peerId });
    this.#running = { node, conditions, money: new MoneyView(node), stakes };
  }

  /** Null while it starts. */
  get current(): RunningNode | null {
    return this.#running;
  }

  get phase(): 'starting' | 'ready' | 'stopping' {
    if (this.#running?.node.closing.aborted) return 'stopping';
    return this.#observer.isReady ? 'ready' : 'starting';
  }

  /** @throws ChorusError `E_ADMIN_NOT_READY` with what it waits for */
  running(): RunningNode {
    if (this.#running) return this.#running;
    const { obstacle } = this.#observer;
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
