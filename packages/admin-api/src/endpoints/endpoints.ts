import { agentEndpoints } from './agents.ts';
import { creditEndpoints } from './credits.ts';
import { eventEndpoints } from './events.ts';
import { feedbackEndpoints } from './feedback.ts';
import { governanceEndpoints } from './governance.ts';
import { healthEndpoints } from './health.ts';
import { marketEndpoints } from './market.ts';
import { networkEndpoints } from './network.ts';
import { nodeEndpoints } from './node.ts';
import { offerEndpoints } from './offers.ts';
import { paymentEndpoints } from './payments.ts';
import { publicationEndpoints } from './publications.ts';
import { revenueEndpoints } from './revenue.ts';
import { rewardEndpoints } from './rewards.ts';
import { roundEndpoints } from './rounds.ts';
import { stakeEndpoints } from './stakes.ts';
import { taskEndpoints } from './tasks.ts';

/** Every operation of the API by its name. */
export const ENDPOINTS = {
  ...healthEndpoints,
  ...nodeEndpoints,
  ...networkEndpoints,
  ...eventEndpoints,
  ...taskEndpoints,
  ...publicationEndpoints,
  ...roundEndpoints,
  ...rewardEndpoints,
  ...stakeEndpoints,
  ...agentEndpoints,
  ...feedbackEndpoints,
  ...paymentEndpoints,
  ...creditEndpoints,
  ...revenueEndpoints,
  ...governanceEndpoints,
  ...marketEndpoints,
  ...offerEndpoints,
};
