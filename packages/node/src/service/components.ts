import type { HostConfig } from '../config/host-config.ts';
import type { AnyEvent } from '../events/events.ts';
import type { ResourceBudget } from '../resources/resource-budget.ts';
import type { NodeStore } from '../store/node-store.ts';
import type { Meter } from './meter.ts';
import type { Ports } from './ports.ts';

/**
 * What the host gives to a service. A service names the part it uses, so that a test need not make the rest; it never
 * imports another service, but asks for a capability.
 */
export interface Components<Config extends HostConfig = HostConfig> {
  /** The host's configuration and the service's own section. */
  readonly config: Config;
  readonly ports: Ports;
  readonly store: NodeStore;
  /** Memory, disk and hours, shared by all services. */
  readonly resources: ResourceBudget;
  /** The node's libp2p key, 32 bytes of an Ed25519 seed. */
  readonly keySeed: Uint8Array;
  /** Null if no one reads metrics. */
  readonly meter: Meter | null;
  /** Aborted when the node closes. */
  readonly signal: AbortSignal;
  /** Report an event: the host's, or one of the service's own. */
  readonly emit: <E extends AnyEvent>(event: E) => void;
  /** See every event of the node. */
  readonly onEvent: (listener: (event: AnyEvent) => void) => void;
  /** Where strangers reach the gateway, such as `https://agents.example`; null if it is not served. */
  readonly gatewayUrl: () => string | null;
  /** The ERC-8004 registration file of this node, with what all its services offer, as a URI. */
  readonly registrationUri: () => string;
  /** What another service offers; it is one of `needs` of this service. */
  readonly capability: <T>(name: string) => T;
}
