import type { ConfigSection, HostConfig } from '@chorus/node/config';
import { z } from 'zod';

/** The section `market` of a configuration. */
const marketSectionSchema = z.strictObject({
  /** Send what is due and costs nothing but gas, without being asked. */
  settle: z.boolean().default(true),
  /** Between two looks at the jobs, seconds. */
  checkSeconds: z.number().int().positive().max(3_600).default(15),
  /** Largest file that is fetched for a dispute of others, MB. */
  maxFileMB: z.number().int().positive().max(64).default(16),
});

export type MarketConfig = z.infer<typeof marketSectionSchema>;

/** The configuration of a node with the market service. */
export type MarketNodeConfig = HostConfig & { market: MarketConfig };

/** The market's part of a node's configuration. */
export const MARKET_SECTION = {
  name: 'market',
  schema: marketSectionSchema.prefault({}),
  descriptions: {
    market: 'Jobs with their budget in escrow: chorus market job.',
    'market.settle':
      'Complete, refund, draw juries and reveal votes without being asked, where this node gains from it.',
    'market.checkSeconds': 'How often the node looks at its jobs, seconds.',
    'market.maxFileMB': 'Largest deliverable that a validator fetches as soon as it is disputed, MB.',
  },
} as const satisfies ConfigSection<'market', z.ZodType>;
