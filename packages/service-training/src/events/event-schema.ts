import type { Jsonified } from '@chorus/node';
import type { NodeEvent } from './training-events.ts';

export type { Jsonified } from '@chorus/node';

/** A node's event as the event stream of the admin API carries it. */
export type EventJson = Jsonified<NodeEvent>;
