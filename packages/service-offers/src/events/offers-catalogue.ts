import { because, debug, type EventCatalogue, info, warn } from '@chorus/node';
import type { OffersEvent } from './offers-events.ts';

/** What offers report, as sentences. */
export const OFFERS_EVENTS: EventCatalogue<OffersEvent> = {
  'offers.answered': {
    message: ({ peer, offers }) => debug(`Answered an ask of ${peer} with ${offers}.`),
  },
  'offers.taken': {
    message: ({ jobId, agent, offer }) =>
      info(`Job ${jobId} was made from offer ${offer} of ${agent}: working on it.`),
  },
  'offers.delivered': {
    message: ({ jobId, agent, deliverable }) =>
      info(`Job ${jobId} of ${agent} is submitted: ${deliverable}.`),
  },
  'offers.given-up': {
    message: ({ jobId, agent, why }) =>
      warn(`Job ${jobId} of ${agent} is given up, its budget goes back: ${why}.`),
  },
  'offers.order': {
    message: ({ orderId, state, agentId, jobId }) => {
      const of = agentId === null ? '' : ` with agent ${agentId}`;
      return info(`Order ${orderId}${of} is ${state}${jobId === null ? '' : `, as job ${jobId}`}.`);
    },
  },
  'offers.failed': {
    message: ({ jobId, ...why }) =>
      warn(
        `${jobId === null ? 'Offers are' : `Job ${jobId} is`} behind: ${because(why)}. The node goes on trying.`,
      ),
    repeats: ({ jobId, code }) => `offers.failed ${jobId} ${code}`,
  },
};
