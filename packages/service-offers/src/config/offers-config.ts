import type { ConfigSection, HostConfig } from '@chorus/node/config';
import { z } from 'zod';

/** The section `offers` of a configuration. */
const offersSectionSchema = z.strictObject({
  /** Answer asks of the network with the offers of this node's agents. */
  answer: z.boolean().default(true),
  /** Do jobs that were made from these offers, without being asked. */
  work: z.boolean().default(true),
  /** Jobs that are done at the same time. */
  jobsAtOnce: z.number().int().positive().max(64).default(2),
  /** Between two looks at orders and jobs, seconds. */
  checkSeconds: z.number().int().positive().max(3_600).default(10),
});

export type OffersConfig = z.infer<typeof offersSectionSchema>;

/** The configuration of a node with the offers service. */
export type OffersNodeConfig = HostConfig & { offers: OffersConfig };

/** The part of offers in a node's configuration. */
export const OFFERS_SECTION = {
  name: 'offers',
  schema: offersSectionSchema.prefault({}),
  descriptions: {
    offers: 'Standing offers of agents, and asks of the network: chorus market ask.',
    'offers.answer': 'Answer asks of the network that the offers of this node’s agents fit.',
    'offers.work': 'Do jobs that were made from these offers without being asked.',
    'offers.jobsAtOnce': 'Jobs that are done at the same time.',
    'offers.checkSeconds': 'How often the node looks at its orders and at jobs of its offers, seconds.',
  },
} as const satisfies ConfigSection<'offers', z.ZodType>;
