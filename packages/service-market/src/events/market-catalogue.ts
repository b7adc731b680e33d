import { because, type EventCatalogue, info, warn } from '@chorus/node';
import type { MarketEvent } from './market-events.ts';

/** What jobs report, as sentences. */
export const MARKET_EVENTS: EventCatalogue<MarketEvent> = {
  'market.waits': {
    message: ({ jobId, what, until, otherwise }) =>
      warn(
        `Job ${jobId} waits for you: ${what}${until === null ? '' : ` until ${until}`}; otherwise ${otherwise}.`,
      ),
  },
  'market.done': {
    message: ({ jobId, what, transaction }) => info(`Job ${jobId}: ${what}, in ${transaction}.`),
  },
  'market.failed': {
    message: ({ jobId, ...why }) =>
      warn(
        `${jobId === null ? 'The market' : `Job ${jobId}`} is behind: ${because(why)}. The node goes on trying.`,
      ),
    repeats: ({ jobId, code }) => `market.failed ${jobId} ${code}`,
  },
};
