import {
  type AnyCatalogue,
  type AnyEvent,
  HOST_EVENTS,
  type LogMessage,
  type LogMessageOptions,
  mergeCatalogues,
  messageOf,
} from '@chorus/node';
import { TRAINING_EVENTS } from './training-catalogue.ts';

export type { Level, LogMessage, LogMessageOptions } from '@chorus/node';

/** The events of a node with the training service. */
export const NODE_EVENTS: AnyCatalogue = mergeCatalogues(HOST_EVENTS, TRAINING_EVENTS);

/**
 * An event as a sentence that needs no knowledge of the code. Takes events as the node emits them, and as the event
 * stream of the admin API carries them.
 *
 * @example
 * const { level, text } = logMessageOf(event);
 */
export function logMessageOf<E extends AnyEvent>(event: E, options: LogMessageOptions = {}): LogMessage {
  return messageOf(event, NODE_EVENTS, options);
}
