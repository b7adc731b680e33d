import { z } from 'zod';
import { taskIdSchema } from './values.ts';

/** An event as every reader can take it: new kinds may be added, and readers must ignore unknown ones. */
export interface LooseEvent {
  type: string;
}

/** Sent in the stream if events between two connections were forgotten. */
export interface Gap {
  type: 'gap';
}

/**
 * One event of the stream; `id` is for resuming after it. `E`: the events that the reader knows, such as the node's
 * `EventJson`; they are not checked beyond their `type`.
 */
export interface StreamedEvent<E extends LooseEvent = LooseEvent> {
  id: string;
  /** When the node reported it, unix milliseconds. */
  at: number;
  event: E | Gap;
}

/** The content of an event's `data`. */
export const streamedDataSchema = z.object({ at: z.number(), event: z.looseObject({ type: z.string() }) });

export const eventsQuerySchema = z.object({
  task: taskIdSchema.optional().describe('only events of this task, and node-wide events'),
});
