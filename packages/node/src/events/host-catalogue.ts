import {
  advice,
  because,
  debug,
  type EventCatalogue,
  info,
  secondsText,
  warn,
  withoutNumbers,
} from './catalogue.ts';
import type { HostEvent } from './events.ts';

/** The host's own events. */
export const HOST_EVENTS: EventCatalogue<HostEvent> = {
  ready: {
    message: (event) =>
      info(`Ready as ${event.address}, peer ${event.peerId}${listening(event.multiaddrs)}.`),
  },
  paused: {
    message: (event) => warn(`Paused, not accepting new work: ${event.message}${advice(event)}`),
  },
  resumed: { message: () => info('Accepting new work again.') },
  'condition-began': {
    message: (event) => warn(`${capital(event.message)}${advice(event)} (${event.code}).`),
  },
  'condition-ended': {
    message: (event) =>
      info(`Resolved after ${secondsText(event.seconds)}: ${event.message} (${event.code}).`),
  },
  stopping: { message: () => info('Shutting down: finishing or rolling back the current step.') },
  'peer-connected': {
    message: (event) => debug(`Connected to peer ${event.peerId} (${event.direction}, ${event.address}).`),
  },
  'peer-disconnected': {
    message: (event) => debug(`The connection to peer ${event.peerId} has ended.`),
  },
  'peer-banned': {
    message: ({ peerId, until, reason }) =>
      warn(
        `Peer ${peerId} is banned ${until === null ? 'permanently' : `until ${new Date(until).toISOString()}`}: ${reason}.`,
      ),
  },
  warning: {
    message: (event) => warn(`${event.subject === undefined ? '' : `${event.subject}: `}${because(event)}`),
    repeats: (event) => `${event.code} ${withoutNumbers(event.message)}`,
  },
};

const capital = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

function listening(addresses: readonly string[]): string {
  return addresses.length > 0 ? `, listening on ${addresses.join(', ')}` : ', not listening on any address';
}
