import type { Address, Explanation } from '@chorus/protocol';

/** Any event of a node: of the host, or of one of its services. Services' types begin with the service's name. */
export interface AnyEvent {
  readonly type: string;
}

/** What the host reports while it works: to its log, to the process that started it, to the admin API. */
export type HostEvent =
  | { type: 'ready'; address: Address; peerId: string; multiaddrs: string[] }
  /** A limit stops the node from accepting anything new; work in progress continues. */
  | ({ type: 'paused' } & Explanation)
  | { type: 'resumed'; code: string }
  /** A condition obstructs the node's work; reported once, until it ends. */
  | ({ type: 'condition-began' } & Explanation)
  /** The condition has ended, after these seconds. */
  | { type: 'condition-ended'; code: string; message: string; seconds: number }
  | { type: 'stopping' }
  | { type: 'peer-connected'; peerId: string; address: string; direction: 'inbound' | 'outbound' }
  | { type: 'peer-disconnected'; peerId: string }
  /** `until`: unix milliseconds; null: permanently. */
  | { type: 'peer-banned'; peerId: string; until: number | null; reason: string }
  /** `subject`: what it concerns, such as `Task 3`. */
  | ({ type: 'warning'; subject?: string } & Explanation);

/** Takes the host's events; sinks of a node take those of its services too. */
export type EventSink<E extends AnyEvent = HostEvent> = (event: E) => void;
