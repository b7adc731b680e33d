import type { Jsonified } from './catalogue.ts';
import type { NodeEvent } from './training-events.ts';

export type { Jsonified } from './catalogue.ts';

/** A node's event as the event stream of the admin API carries it. */
export type EventJson = Jsonified<NodeEvent>;
