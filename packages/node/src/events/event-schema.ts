import type { NodeEvent } from './events.ts';

/** The same value after JSON: bigint has become a decimal string. */
export type Jsonified<T> = T extends bigint
  ? string
  : T extends (infer E)[]
    ? Jsonified<E>[]
    : T extends object
      ? { [K in keyof T]: Jsonified<T[K]> }
      : T;

/** A node's event as the event stream of the admin API carries it. */
export type EventJson = Jsonified<NodeEvent>;
