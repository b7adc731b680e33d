import { z } from 'zod';
import type { Jsonified } from './catalogue.ts';
import type { NodeEvent } from './training-events.ts';

export type { Jsonified } from './catalogue.ts';

/** A node's event as the event stream carries it. */
export type EventJson = Jsonified<NodeEvent>;

/** Sent in the stream if events between two connections were forgotten. */
export interface Gap {
  type: 'gap';
}

/** One event of the stream; `id` is for resuming after it. */
export interface StreamedEvent {
  id: string;
  /** When the node reported it, unix milliseconds. */
  at: number;
  event: EventJson | Gap;
}

/** The content of an event's `data`. New kinds of events may be added: readers must ignore unknown ones. */
export const streamedDataSchema = z.object({ at: z.number(), event: z.looseObject({ type: z.string() }) });
